import type { RunBuilt } from '../support/run-bench.ts';
import { onBothRungs } from '../support/run-bench.ts';

const status = ({ steps }: RunBuilt) => steps.at(-1)!.status;

onBothRungs('a cache lasts from build to build, under its id or its clean target', async (t, bench) => {
  const first = await bench.run('FROM busybox\nRUN --mount=type=cache,target=/c/ echo kept > /c/f\n');
  t.deepEqual(first.layer, []);
  const read = (options: string, args: [string, string][] = []) =>
    bench.run(`FROM busybox\nRUN --mount=type=cache,${options} cat /c/f 2>/dev/null || echo none\n`, {
      buildArgs: new Map(args),
      useCache: false,
    });
  t.is((await read('target=/c')).stdout, 'kept\n');
  t.is((await read('id=/c,dst=/c')).stdout, 'kept\n');
  t.is((await read('id=other,dst=/c')).stdout, 'none\n');
  t.is((await read('target=/c', [['BUILDKIT_CACHE_MOUNT_NS', 'ns']])).stdout, 'none\n');
});

onBothRungs('which cache it is, and how it is shared, is not in the key', async (t, bench) => {
  const build = (options: string) => bench.run(`FROM busybox\nRUN --mount=type=cache,target=/c${options} true\n`);
  t.is(status(await build('')), 'done');
  t.is(status(await build(',id=x,sharing=locked')), 'hit');
  t.is(status(await build(',ro')), 'done');
});

onBothRungs('owner and mode of a cache; each has its own', async (t, bench) => {
  const { stdout } = await bench.run(
    'FROM busybox\nRUN echo "user:x:1000:1000::/:/bin/sh" >> /etc/passwd\n' +
      'RUN --mount=type=cache,target=/c stat -c "%a %u:%g" /c; touch /c/root\nUSER user\n' +
      'RUN --mount=type=cache,target=/c,uid=1000,gid=7,mode=0750 stat -c "%a %u:%g" /c; touch /c/x; ls /c\n' +
      'RUN --mount=type=cache,target=/c,ro,uid=1000,gid=7,mode=0750 ls /c; touch /c/y 2>/dev/null || echo no\n',
  );
  t.is(stdout, '755 0:0\n750 1000:7\nx\nx\nno\n');
});

onBothRungs('a cache begins as what from and source name', async (t, bench) => {
  const dockerfile = (text: string) =>
    `FROM busybox AS seed\nRUN mkdir -p /s/t && echo ${text} > /s/t/f\n` +
    'FROM busybox\nRUN --mount=type=cache,target=/c,from=seed,source=s/t cat /c/*; echo more > /c/more\n';
  t.is((await bench.run(dockerfile('one'))).stdout, 'one\n');
  t.is((await bench.run(dockerfile('one'), { useCache: false })).stdout, 'one\nmore\n');
  t.is((await bench.run(dockerfile('two'))).stdout, 'two\n');
});

onBothRungs('a locked cache is one command at a time, also across builds', async (t, bench) => {
  const both = (sharing: string) => (name: string) =>
    bench.run(
      `FROM busybox\nRUN --mount=type=cache,id=l,target=/c,sharing=${sharing} ` +
        `echo ${name} >> /c/log; sleep 0.3; tail -n1 /c/log\n`,
    );
  const names = ['a', 'b', 'c'];
  const locked = await Promise.all(names.map(both('locked')));
  t.deepEqual(
    locked.map(({ stdout }) => stdout.trim()),
    names,
  );
  const privately = await Promise.all(['d', 'e'].map(both('private')));
  t.deepEqual(
    privately.map(({ stdout }) => stdout.trim()),
    ['d', 'e'],
  );
});

onBothRungs('a shared cache is seen by two commands at once; a locked one waits for them', async (t, bench) => {
  const command = (sharing: string, script: string) =>
    bench.run(`FROM busybox\nRUN --mount=type=cache,id=s,target=/c,sharing=${sharing} ${script}\n`);
  const meet = (mine: string, other: string) =>
    `touch /c/${mine}; until [ -e /c/${other} ]; do sleep 0.05; done; sleep 0.5; touch /c/left-${mine}`;
  const shared = [command('shared', meet('a', 'b')), command('shared', meet('b', 'a'))];
  // It comes before both or after both, and never between.
  const locked = command(
    'locked',
    '[ ! -e /c/a ] && [ ! -e /c/b ] && echo before; [ ! -e /c/left-a ] || [ ! -e /c/left-b ] || echo after',
  );
  await Promise.all(shared);
  t.regex((await locked).stdout, /^(after|before)\n$/);
});

onBothRungs('one cache twice in a command, and two that two commands lock in other orders', async (t, bench) => {
  const { stdout } = await bench.run(
    'FROM busybox\nRUN --mount=type=cache,id=x,target=/a,sharing=locked --mount=type=cache,id=x,target=/b,sharing=locked touch /a/f; ls /b\n',
  );
  t.is(stdout, 'f\n');
  const lock = (one: string, two: string) =>
    bench.run(
      `FROM busybox\nRUN --mount=type=cache,id=${one},target=/1,sharing=locked --mount=type=cache,id=${two},target=/2,sharing=locked sleep 0.2; : ${one}\n`,
    );
  t.deepEqual((await Promise.all([lock('p', 'q'), lock('q', 'p')])).map(status), ['done', 'done']);
});

onBothRungs('options of a cache that are wrong', async (t, bench) => {
  for (const options of [
    'target=/c,sharing=some',
    'id=x',
    'target=/c,required',
    'target=/c,size=1m',
    'target=/c,mode=9',
  ])
    t.like(
      await bench.fail(`FROM busybox\nRUN --mount=type=cache,${options} true\n`),
      { code: 'DOCKERFILE_MOUNT' },
      options,
    );
});
