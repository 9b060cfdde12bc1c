import { resolve } from 'node:path';
import test from 'ava';
import { parseCacheFrom, parseCacheRepo, parseCacheTo } from '../../src/cli/cache-places.ts';

const registry = (host: string, repository: string, tagPrefix = '') => ({
  kind: 'registry' as const,
  repository: { registry: host, repository },
  tagPrefix,
});

test('repositories as kaniko and buildx name them', (t) => {
  t.deepEqual(parseCacheRepo('ghcr.io/org/cache'), registry('ghcr.io', 'org/cache'));
  t.deepEqual(parseCacheRepo('oci:some/dir'), { kind: 'layout', path: resolve('some/dir') });
  t.deepEqual(parseCacheFrom('user/app:buildcache'), registry('docker.io', 'user/app', 'buildcache-'));
  t.deepEqual(parseCacheFrom('type=registry,ref=h:5000/a'), registry('h:5000', 'a'));
  t.deepEqual(parseCacheFrom('type=registry,"ref=h:5000/a:latest"'), registry('h:5000', 'a'));
  t.deepEqual(parseCacheFrom('type=local,src=/x'), { kind: 'layout', path: '/x' });
  t.deepEqual(parseCacheTo('type=registry,ref=h:5000/a,mode=max'), { place: registry('h:5000', 'a'), mode: 'max' });
  t.deepEqual(parseCacheTo('type=local,dest=/x'), { place: { kind: 'layout', path: '/x' }, mode: 'min' });
  t.deepEqual(parseCacheTo('h:5000/a'), { place: registry('h:5000', 'a'), mode: 'min' });
  t.deepEqual(parseCacheTo('type=registry,ref=h:5000/a,oci-mediatypes=true,image-manifest=true,ignore-error=true'), {
    place: registry('h:5000', 'a'),
    mode: 'min',
  });
});

test('what is not done is refused by name', (t) => {
  const refused = (parse: (text: string) => unknown, text: string, message: RegExp, hint?: RegExp) => {
    const error = t.throws(() => parse(text), { code: 'USAGE', message }) as Error & { hint?: string };
    t.true(error.message.includes(text));
    if (hint) t.regex(error.hint ?? '', hint);
  };
  for (const type of ['gha', 's3', 'azblob', 'inline']) {
    refused(parseCacheTo, `type=${type},mode=max`, new RegExp(`type=${type} is not supported`), /cache-repo|registry/);
    refused(parseCacheFrom, `type=${type}`, new RegExp(`type=${type} is not supported`), /cache-repo|registry/);
  }
  refused(parseCacheTo, 'type=registry,ref=a,compression=zstd', /"compression" is not supported/, /--compression says/);
  refused(
    parseCacheTo,
    'type=registry,ref=a,force-compression=true',
    /force-compression can only be false/,
    /--compression/,
  );
  refused(parseCacheTo, 'type=registry,ref=a,compression-level=3', /"compression-level" is not/, /--compression-level/);
  refused(
    parseCacheTo,
    'type=registry,ref=a,oci-mediatypes=false',
    /oci-mediatypes can only be true/,
    /OCI image manifest/,
  );
  refused(
    parseCacheTo,
    'type=registry,ref=a,ignore-error=false',
    /ignore-error can only be true/,
    /a warning, never a failed build/,
  );
  refused(parseCacheTo, 'type=registry,ref=a,image-manifest=false', /image-manifest can only be true/);
  refused(parseCacheTo, 'type=registry,ref=a,mode=most', /mode can only be min or max/);
  refused(parseCacheTo, 'type=local,src=/x', /"src" is not supported/);
  refused(parseCacheTo, 'type=registry', /ref= is missing/);
  refused(parseCacheFrom, 'type=local,src=/x,tag=y', /"tag" is not supported/, /a directory of its own/);
  refused(parseCacheFrom, 'type=registry,ref=a,mode=max', /"mode" is not supported/);
  refused(parseCacheFrom, 'type=registry,x', /"x" is not key=value/);
  refused(parseCacheRepo, `a@sha256:${'0'.repeat(64)}`, /no digest/);
  refused(parseCacheRepo, `a:${'x'.repeat(57)}`, /more than 56 characters/);
});
