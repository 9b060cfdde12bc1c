import { join } from 'node:path';
import type { SecretValue } from '../../../src/build/mounts/secrets.ts';
import { onBothRungs } from '../support/run-bench.ts';

const secrets = (entries: Record<string, SecretValue>) => ({ secrets: new Map(Object.entries(entries)) });

onBothRungs('secrets as files and variables', async (t, bench) => {
  bench.directory('secrets', { token: 'from file\n' });
  const given = secrets({ a: { value: 's3cret' }, 'dir/b': { file: join(bench.path, 'secrets/token') } });
  const { stdout, layer, config, image } = await bench.run(
    'FROM busybox\nWORKDIR /w\n' +
      'RUN --mount=type=secret,id=a cat /run/secrets/a; stat -c " %a %u:%g" /run/secrets/a\n' +
      'RUN --mount=type=secret,id=dir/b cat /run/secrets/b\n' +
      'RUN --mount=type=secret,source=a,target=rel,mode=0444,uid=5,gid=6 cat /w/rel; stat -c " %a %u:%g" rel; (: > rel) 2>/dev/null || echo no\n' +
      'RUN --mount=type=secret,target=/x/a cat /x/a; echo\n' +
      'RUN --mount=type=secret,id=a,env=TOKEN echo $TOKEN; ls /run 2>/dev/null || :\n' +
      'RUN --mount=type=secret,id=a,env=TOKEN,target=/t echo $TOKEN; cat /t; mount | grep -c " /t "\n',
    given,
  );
  t.is(stdout, 's3cret 400 0:0\nfrom file\ns3cret 444 5:6\nno\ns3cret\ns3cret\ns3cret\ns3cret1\n');
  t.deepEqual(layer, []);
  t.false(JSON.stringify([config, image.config.value]).includes('s3cret'));
});

onBothRungs('a secret that is not given', async (t, bench) => {
  const { stdout } = await bench.run(
    'FROM busybox\nRUN --mount=type=secret,id=a [ -e /run/secrets/a ] || echo none\n' +
      'RUN --mount=type=secret,id=a,env=TOKEN env | grep TOKEN\n',
  );
  t.is(stdout, 'none\nTOKEN=\n');
  for (const options of ['id=a,required', 'id=a,required=true', 'id=a,env=T,required'])
    t.like(await bench.fail(`FROM busybox\nRUN --mount=type=secret,${options} true\n`), { code: 'SECRET_MISSING' });
});

onBothRungs('the value is not in the key, the options are', async (t, bench) => {
  const build = (value: string, more = '') =>
    bench.run(`FROM busybox\nRUN --mount=type=secret,id=a${more} true\n`, secrets({ a: { value } }));
  t.is((await build('1')).steps.at(-1)!.status, 'done');
  t.is((await build('2')).steps.at(-1)!.status, 'hit');
  t.is((await build('2', ',mode=0444')).steps.at(-1)!.status, 'done');
});

onBothRungs('options that are wrong', async (t, bench) => {
  for (const options of [
    'id=a,source=b',
    'mode=0400',
    'id=a,from=x',
    'id=a,sharing=locked',
    'id=a,rw',
    'id=a,target=/',
  ])
    t.like(
      await bench.fail(`FROM busybox\nRUN --mount=type=secret,${options} true\n`),
      { code: 'DOCKERFILE_MOUNT' },
      options,
    );
});

onBothRungs('a tmpfs', async (t, bench) => {
  const { stdout, layer } = await bench.run(
    'FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1MiB dd if=/dev/zero of=/t/f bs=64k 2>/dev/null; stat -c %s /t/f; stat -c %a /t\n' +
      'RUN --mount=type=tmpfs,target=/t,ro touch /t/f 2>/dev/null || echo no\n',
  );
  t.is(stdout, '1048576\n1777\nno\n');
  t.deepEqual(layer, []);
  for (const options of ['target=/t,size=much', 'size=1m', 'target=/t,id=x', 'target=/t,source=x'])
    t.like(
      await bench.fail(`FROM busybox\nRUN --mount=type=tmpfs,${options} true\n`),
      { code: 'DOCKERFILE_MOUNT' },
      options,
    );
});
