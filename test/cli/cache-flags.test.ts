import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { addCacheFlags, type CacheFlags, cacheOptions } from '../../src/cli/cache-flags.ts';

const options = (...args: string[]) =>
  cacheOptions(
    addCacheFlags(new Command())
      .exitOverride()
      .configureOutput({ writeErr() {} })
      .parse(args, { from: 'user' })
      .opts<CacheFlags>(),
  );
const repository = (name: string) => ({
  kind: 'registry' as const,
  repository: { registry: 'r.test', repository: name },
  tagPrefix: '',
});
const [a, b, c] = [repository('a'), repository('b'), repository('c')];

test('several places are read, the first repository or --cache-to is written', async (t) => {
  t.is(await options(), undefined);
  t.deepEqual(await options('--cache-repo=r.test/a', '--cache-repo=r.test/b'), {
    from: [a, b],
    to: { place: a, mode: 'max' },
  });
  t.deepEqual(await options('--cache-repo=r.test/a', '--cache-from=r.test/b', '--cache-to=r.test/c'), {
    from: [c, a, b],
    to: { place: c, mode: 'min' },
  });
  t.deepEqual(await options('--cache-from=type=local,src=/x', '--cache-to=type=local,dest=/x,mode=max'), {
    from: [{ kind: 'layout', path: '/x' }],
    to: { place: { kind: 'layout', path: '/x' }, mode: 'max' },
  });
  t.deepEqual(await options('--cache-from=r.test/b'), { from: [b] });
});

test('--no-push-cache reads what would be written, and writes nothing', async (t) => {
  t.deepEqual(await options('--cache-repo=r.test/a', '--no-push-cache'), { from: [a] });
  t.deepEqual(await options('--cache-to=r.test/c', '--no-push-cache'), { from: [c] });
});

test('--cache-ttl is Go’s duration, --cache-key a file that signs', async (t) => {
  t.deepEqual(await options('--cache-repo=r.test/a', '--no-push-cache', '--cache-ttl=336h'), {
    from: [a],
    ttlMs: 14 * 24 * 3_600_000,
  });
  for (const wrong of ['6', '-1h', 'soon']) await t.throwsAsync(async () => options(`--cache-ttl=${wrong}`));
  await t.throwsAsync(async () => options('--cache-to=r.test/a', '--cache-to=r.test/b'), { message: /give it once/ });
  const directory = mkdtempSync(join(tmpdir(), 'varve-cache-flags-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const key = join(directory, 'key');
  writeFileSync(key, 'a secret of some length\n');
  const signed = await options('--cache-repo=r.test/a', `--cache-key=${key}`);
  t.regex(signed?.signer?.id ?? '', /^hmac-sha256:/);
  await t.throwsAsync(async () => options(`--cache-key=${key}-gone`), { code: 'CACHE_KEY', message: /ENOENT/ });
});
