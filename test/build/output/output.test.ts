import test from 'ava';
import { parseOutput } from '../../../src/build/output/output.ts';

const row = test.macro({
  exec(t, text: string, expected: unknown) {
    t.deepEqual(parseOutput(text) as unknown, expected);
  },
  title: (_, text) => `--output ${text}`,
});

test(row, 'out', [{ type: 'local', dest: 'out' }]);
test(row, '-', [{ type: 'tar', dest: '-' }]);
test(row, 'type=cacheonly', [{ type: 'cacheonly' }]);
test(row, 'type=registry', [{ type: 'registry', names: [] }]);
test(row, '"name=a.b/c:1,a.b/d:2",type=image,push=true', [{ type: 'registry', names: ['a.b/c:1', 'a.b/d:2'] }]);
test(row, 'type=image,name=a:1', [{ type: 'store', names: ['a:1'] }]);
test(row, 'type=image,push=true,store=true', [
  { type: 'registry', names: [] },
  { type: 'store', names: [] },
]);
test(row, 'type=image,name=a,push=true,store=true,push-by-digest=true,name-canonical=true,registry.insecure=true', [
  { type: 'registry', names: ['a'], byDigest: true, insecure: true },
  { type: 'store', names: ['a'], canonical: true },
]);
test(row, 'type=image,store=false', [{ type: 'cacheonly' }]);
test(row, 'type=oci,dest=-', [{ type: 'oci', dest: '-', archive: true, names: [] }]);
test(row, 'type=oci,dest=d.tar,tar=false', [{ type: 'oci', dest: 'd.tar', archive: false, names: [] }]);
test(row, 'type=docker,dest=d.tar,name=a:1', [{ type: 'docker', dest: 'd.tar', names: ['a:1'] }]);
test(row, 'type=local,dest=d,platform-split=false', [{ type: 'local', dest: 'd', platformSplit: false }]);
test(row, 'type=tar,dest=d.tar,platform-split=true', [{ type: 'tar', dest: 'd.tar', platformSplit: true }]);
test(row, 'type=oci,dest=d,compression=estargz,compression-level=9,force-compression=true,oci-mediatypes=true', [
  {
    type: 'oci',
    dest: 'd',
    archive: false,
    names: [],
    form: { format: 'oci', layers: { method: 'estargz', level: 9 }, forceCompression: true },
  },
]);
test(row, 'type=registry,rewrite-timestamp=true,oci-mediatypes=false', [
  { type: 'registry', names: [], form: { format: 'docker', rewriteTimestamp: true } },
]);
test(row, 'type=oci,dest=d,annotation.a=1,annotation-index.b.c=2,annotation-manifest[linux/arm64].d=3', [
  {
    type: 'oci',
    dest: 'd',
    archive: false,
    names: [],
    form: {
      annotations: [
        { level: 'manifest', key: 'a', value: '1' },
        { level: 'index', key: 'b.c', value: '2' },
        { level: 'manifest', platform: { os: 'linux', architecture: 'arm64' }, key: 'd', value: '3' },
      ],
    },
  },
]);

for (const [text, message] of [
  ['type=nonsense', /the types are image, registry, oci/],
  ['type=oci', /needs dest/],
  ['type=local,dest=-', /for archives/],
  ['type=local,dest=d,mode=delete', /mode=delete is not supported/],
  ['type=local,dest=d,compression=gzip', /"compression" is not supported for type=local/],
  ['type=docker,dest=d,tar=false', /tar=false/],
  ['type=image,name=a,unpack=true', /unpack=true/],
  ['type=image,name=a,registry.insecure=true', /registry\.insecure needs push=true/],
  ['type=image,name=a,push=maybe', /push is true or false/],
  ['type=image,name=a,dangling-name-prefix=x', /"dangling-name-prefix" is not supported/],
  ['type=image,name=a,prefer-nondist-layers=true', /"prefer-nondist-layers" is not supported/],
  ['type=oci,dest=d,compression=lz4', /compression is gzip, zstd/],
  ['type=oci,dest=d,compression-level=fast', /whole number/],
  ['type=oci,dest=d,annotation=x', /annotation/],
  ['type=oci,dest=d,annotation-nowhere.a=x', /not a level/],
  ['type=oci,"dest=d', /quote/],
  ['type=oci,dest', /not key=value/],
] as const)
  test(`refused: --output ${text}`, (t) => {
    t.throws(() => parseOutput(text), { code: 'USAGE', message });
  });
