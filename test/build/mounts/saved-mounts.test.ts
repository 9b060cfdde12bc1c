import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { SavedMountsOptions } from '../../../src/build/mounts/saved/saved-mounts-options.ts';
import { createRecordSigner } from '../../../src/registry/record-signer.ts';
import { type RecordingProxy, startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { onRung, type RunBench, type RunBuilt } from '../support/run-bench.ts';

interface Saved {
  readonly proxy: RecordingProxy;
  options(more?: Partial<SavedMountsOptions>): SavedMountsOptions;
  /** Runs a script with a cache mount at /c, on a machine with mounts of its own, and with a store of its own if `isApart`. */
  run(
    machine: string,
    script: string,
    more?: Partial<SavedMountsOptions>,
    mount?: string,
    isApart?: boolean,
  ): Promise<RunBuilt>;
}

async function saved(t: ExecutionContext, bench: RunBench): Promise<Saved> {
  t.timeout(600_000);
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const proxy = await startRecordingProxy(registry.host);
  t.teardown(() => proxy[Symbol.asyncDispose]());
  const repository = { registry: proxy.host, repository: 'mounts' };
  const options: Saved['options'] = (more = {}) => ({
    place: { kind: 'registry', repository, tagPrefix: '' },
    branch: 'main',
    defaultBranch: 'main',
    isWritten: true,
    limitBytes: 2 ** 30,
    ...more,
  });
  const store = join(bench.path, 'store/v1');
  let last = '';
  /** A new store takes a second: machines are told apart by their mounts. */
  const switchTo = (machine: string): void => {
    if (last !== '') renameSync(join(store, 'mounts'), join(store, `mounts ${last}`));
    last = machine;
    if (existsSync(join(store, `mounts ${machine}`)))
      renameSync(join(store, `mounts ${machine}`), join(store, 'mounts'));
    else mkdirSync(join(store, 'mounts'), { recursive: true });
  };
  return {
    proxy,
    options,
    run(machine, script, more, mount = '', isApart = false) {
      if (!isApart) switchTo(machine);
      return bench.run(`FROM busybox\nRUN --mount=type=cache,target=/c${mount} <<'EOF'\n${script}\nEOF\n`, {
        ...(isApart ? { store: machine } : {}),
        cacheMounts: options(more),
      });
    },
  };
}

const sentTo = ({ exchanges }: RecordingProxy): number => exchanges.reduce((sum, { sent }) => sum + sent, 0);
/** Bytes that no compression makes less. */
const random = (name: string, kib: number): string =>
  `dd if=/dev/urandom of=/c/${name} bs=1024 count=${kib} 2>/dev/null`;

const LIST = `cd /c; find . -exec stat -c '%n %F %a %u:%g %h %s %Y %t' {} + | sort; find . -type f -exec md5sum {} + | sort; readlink link; [ f -ef g ] && echo linked; [ $(stat -c %b sparse) -lt 2048 ] && echo sparse`;

onRung(
  'namespaces',
  'a mount is the same on a machine that has none: owners, modes, links, odd names, holes',
  async (t, bench) => {
    const { run } = await saved(t, bench);
    const made = await run(
      'one',
      String.raw`cd /c; mkdir -p deep/er; echo one >f; ln f g; echo one >same; : >empty; ln -s /nowhere link; mkfifo pipe
mknod null c 1 3; echo x >"$(printf 'new\nline \\ \377')"; echo y >' -rf $x'; mkdir "$(printf 'd\001')"; echo z >deep/er/z
dd if=/dev/zero of=sparse bs=1 count=0 seek=8M 2>/dev/null; chown 12:34 f deep; chmod 4711 same; chmod 1777 deep; chmod 000 empty
touch -d '2001-02-03 04:05:06' f deep/er/z deep/er deep; chmod 750 .; chown 7:7 .
` + LIST,
    );
    t.deepEqual(made.warnings, []);
    const again = await run('two', LIST, {}, '', true);
    t.deepEqual(again.warnings, []);
    t.is(again.stdout, made.stdout);
    t.regex(again.stdout, /linked\nsparse\n$/);
  },
);

onRung('namespaces', 'only what is new is sent, and nothing is asked for what does not run', async (t, bench) => {
  const { run, proxy } = await saved(t, bench);
  await run('one', `${random('a', 300)}; ${random('b', 300)}; ls /c`);
  t.true(sentTo(proxy) > 600 * 1024);

  proxy.clear();
  await run('one', `${random('a', 300)}; ${random('b', 300)}; ls /c`);
  t.deepEqual(proxy.exchanges, [], 'a hit uses no mount');

  await run('one', 'cat /c/a >/dev/null');
  t.is(sentTo(proxy), 0, 'nothing is new');

  proxy.clear();
  await run('two', `${random('c', 100)}; ls /c`);
  const sent = sentTo(proxy);
  t.true(sent > 100 * 1024 && sent < 120 * 1024, `${sent} bytes`);

  // What is renamed is known by its contents.
  proxy.clear();
  await run('two', 'mv /c/a /c/z');
  t.true(sentTo(proxy) < 10 * 1024);
  t.is((await run('three', 'ls /c')).stdout, 'b\nc\nz\n');

  // Half of a pack is gone: what is left of it moves, and the rest is forgotten.
  await run('three', 'rm /c/b /c/c; echo more >/c/more');
  proxy.clear();
  t.is((await run('four', 'ls /c; :')).stdout, 'more\nz\n');
  const fetched = proxy.exchanges.reduce((sum, { method, received }) => sum + (method === 'GET' ? received : 0), 0);
  t.true(fetched < 700 * 1024, `${fetched} bytes`);
});

onRung('namespaces', 'a branch has its own, and what the default branch has before that', async (t, bench) => {
  const { run, proxy } = await saved(t, bench);
  const feature = { branch: 'feature/x' };
  await run('one', 'echo main >/c/f');
  t.is((await run('two', 'cat /c/f; echo feature >/c/f', feature)).stdout, 'main\n');
  t.is((await run('three', 'cat /c/f; : 3', feature)).stdout, 'feature\n');
  t.is((await run('four', 'cat /c/f; : 4')).stdout, 'main\n');
  t.is((await run('five', 'cat /c/f || echo none', {}, ',id=other')).stdout, 'none\n');
  proxy.clear();
  await run('six', 'echo six >/c/f', { isWritten: false });
  t.is(sentTo(proxy), 0);
});

onRung(
  'namespaces',
  'what is damaged, missing, of another key or not reachable is an empty mount and a warning',
  async (t, bench) => {
    const { run, proxy } = await saved(t, bench);
    await run('one', `${random('f', 20)}; echo g >/c/g`);
    const blob = /\/blobs\/sha256:[0-9a-f]{64}$/;
    const tries: readonly (readonly [string, () => void, RegExp, Partial<SavedMountsOptions>?])[] = [
      ['bytes', () => void (proxy.change = (path, body) => (blob.test(path) ? flipped(body) : body)), /not used/],
      [
        'length',
        () => void (proxy.change = (path, body) => (blob.test(path) ? body.subarray(0, 40) : body)),
        /not used/,
      ],
      [
        'record',
        () => void (proxy.change = (path, body) => (path.includes('/manifests/') ? Buffer.from('{}') : body)),
        /cache mount/,
      ],
      [
        'gone',
        () =>
          void (proxy.intervene = (request, response) =>
            blob.test(request.url ?? '') && request.method === 'GET' ? answer(response, 404) : undefined),
        /not used/,
      ],
      ['down', () => void (proxy.intervene = (request) => void request.socket.destroy()), /goes on without it/],
      ['refused', () => void (proxy.intervene = (_, response) => answer(response, 403)), /goes on without it/],
      ['unsigned', () => {}, /not signed/, { signer: createRecordSigner(Buffer.from('k'.repeat(32))) }],
    ];
    for (const [name, begin, warning, more = {}] of tries) {
      begin();
      const { stdout, warnings } = await run(name, `ls /c; echo ran ${name}`, { ...more, isWritten: false });
      [proxy.change, proxy.intervene] = [undefined, undefined];
      t.is(stdout, `ran ${name}\n`, name);
      t.true(warnings.length > 0 && warnings.some((text) => warning.test(text)), `${name}: ${warnings.join('; ')}`);
    }
    t.is((await run('well', 'ls /c; : well')).stdout, 'f\ng\n');
  },
);

onRung(
  'namespaces',
  'a failed build saves nothing, a registry that fails a save is a warning, and a lost pack is sent again',
  async (t, bench) => {
    const { run, proxy, options } = await saved(t, bench);
    await bench.fail('FROM busybox\nRUN --mount=type=cache,target=/c echo bad >/c/f; exit 3\n', {
      cacheMounts: options(),
    });
    t.deepEqual(
      proxy.exchanges.filter(({ method }) => method !== 'GET'),
      [],
    );
    proxy.intervene = (request, response) => (request.method === 'POST' ? answer(response, 500) : undefined);
    const { warnings } = await run('one', 'echo good >/c/f');
    t.is(warnings.length, 1, warnings.join());
    proxy.intervene = undefined;
    await run('one', 'cat /c/f');
    t.is((await run('two', 'cat /c/f; : 2')).stdout, 'good\n');
    // The registry says of the first pack that it is gone.
    proxy.intervene = (request, response) =>
      request.method === 'HEAD' && /\/blobs\//.test(request.url ?? '') ? answer(response, 404) : undefined;
    await run('two', 'echo more >/c/g');
    proxy.intervene = undefined;
    t.is((await run('three', 'cat /c/f /c/g')).stdout, 'good\nmore\n');
  },
);

onRung('namespaces', 'a mount over the limit begins anew, here and there', async (t, bench) => {
  const { run } = await saved(t, bench);
  const limit = { limitBytes: 64 * 1024 };
  t.deepEqual((await run('one', random('small', 60), limit)).warnings, []);
  const { warnings } = await run('one', random('more', 10), limit);
  t.regex(warnings.join(), /71680 bytes, more than the 65536 of --cache-mounts-limit/);
  for (const store of ['one', 'two']) t.is((await run(store, `ls /c; : ${store}`, limit)).stdout, '');
});

onRung('namespaces', 'two machines that save at once: one of both is there as a whole', async (t, bench) => {
  const { run } = await saved(t, bench);
  await run('one', random('base', 50));
  const both = await Promise.all(
    ['one', 'two'].map((name) => run(name, `for i in 1 2 3; do echo ${name} >/c/$i; done`, {}, '', true)),
  );
  for (const { warnings } of both) t.deepEqual(warnings, []);
  t.regex((await run('three', 'cat /c/1 /c/2 /c/3; ls /c')).stdout, /^((one\n){3}|(two\n){3})1\n2\n3\nbase\n$/);
});

onRung(
  'namespaces',
  'steps that share a mount at once fetch it once; a directory serves as well as a registry',
  async (t, bench) => {
    const { options, proxy } = await saved(t, bench);
    const line = (name: string) =>
      `FROM busybox AS ${name}\nRUN --mount=type=cache,target=/c ls /c; echo ${name} >/c/${name}; echo ${name} >/${name}\n`;
    const last = 'FROM busybox\nCOPY --from=a /a /a\nCOPY --from=b /b /b\n';
    const places = [options(), options({ place: { kind: 'layout', path: join(bench.path, 'layout') } })];
    for (const [i, cacheMounts] of places.entries()) {
      await bench.run('FROM busybox\nRUN --mount=type=cache,target=/c echo seed >/c/seed\n', {
        store: `seed-${i}`,
        cacheMounts,
      });
      proxy.clear();
      const built = await bench.run(line('a') + line('b') + last, { store: `both-${i}`, cacheMounts });
      t.deepEqual(built.warnings, []);
      t.regex(built.stdout, /seed/);
      const blobs = proxy.exchanges
        .filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))
        .map(({ path }) => path);
      t.is(new Set(blobs).size, blobs.length);
      const { stdout } = await bench.run('FROM busybox\nRUN --mount=type=cache,target=/c ls /c\n', {
        store: `third-${i}`,
        cacheMounts,
      });
      t.is(stdout, 'a\nb\nseed\n');
    }
  },
);

function flipped(body: Buffer): Buffer {
  const bytes = Buffer.from(body);
  bytes[bytes.length >> 1]! ^= 0xff;
  return bytes;
}

function answer(response: { writeHead(status: number): { end(): unknown } }, status: number): true {
  response.writeHead(status).end();
  return true;
}
