import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../../src/instructions/run-settings.ts';
import { onBothRungs } from '../support/run-bench.ts';

const settings = (more: Partial<RunSettings>): { run: RunSettings } => ({ run: { ...DEFAULT_RUN_SETTINGS, ...more } });

onBothRungs('--security=insecure needs security.insecure', async (t, bench) => {
  const dockerfile = 'FROM busybox\nRUN --security=insecure mkdir /m && mount -t tmpfs x /m && echo mounted\n';
  t.like(await bench.fail(dockerfile), {
    code: 'ENTITLEMENT',
    message: 'RUN --security=insecure: security.insecure is not allowed',
    hint: 'allow it with --allow security.insecure',
  });
  const { stdout, layer } = await bench.run(dockerfile, settings({ allowed: new Set(['security.insecure']) }));
  t.is(stdout, 'mounted\n');
  t.deepEqual(layer, ['m']);
});

onBothRungs('--network=host needs network.host, none has loopback, both are in the key', async (t, bench) => {
  const dockerfile = (network: string) => `FROM busybox\nRUN --network=${network} ls /sys/class/net; ifconfig lo\n`;
  t.like(await bench.fail(dockerfile('host')), {
    code: 'ENTITLEMENT',
    message: 'RUN --network=host: network.host is not allowed',
  });
  t.regex((await bench.run(dockerfile('none'))).stdout, /^lo\n.*UP LOOPBACK RUNNING/s);
  const host = settings({ allowed: new Set(['network.host']) });
  t.is((await bench.run(dockerfile('host'), host)).steps.at(-1)!.status, 'done');
  t.is((await bench.run(dockerfile('host'), host)).steps.at(-1)!.status, 'hit');
});

onBothRungs("the build's network is that of RUNs without one", async (t, bench) => {
  const none = settings({ network: 'none' });
  const dockerfile = 'FROM busybox\nRUN ls /sys/class/net\nRUN --network=default true\n';
  t.is((await bench.run(dockerfile, none)).stdout, 'lo\n');
});

onBothRungs('hosts, ulimits, /dev/shm and the hostname', async (t, bench) => {
  const dockerfile =
    'FROM busybox\nRUN hostname; grep db /etc/hosts; ulimit -n; ulimit -Hn; grep -o "size=131072k" /proc/mounts | head -n1\n';
  const run = (address: string, soft = 100) =>
    bench.run(dockerfile, {
      ...settings({
        extraHosts: [{ name: 'db', address }],
        rlimits: [{ name: 'nofile', soft, hard: 200 }],
        shmSizeBytes: 128 * 1024 * 1024,
      }),
      buildArgs: new Map([['BUILDKIT_SANDBOX_HOSTNAME', 'my-host']]),
    });
  const { stdout, layer } = await run('192.0.2.1');
  t.is(stdout, 'my-host\n192.0.2.1\tdb\n100\n200\nsize=131072k\n');
  t.deepEqual(layer, []);
  // As in BuildKit: an address is not in the key, a limit is.
  t.is((await run('192.0.2.2')).steps.at(-1)!.status, 'hit');
  t.is((await run('192.0.2.2', 101)).steps.at(-1)!.status, 'done');
});

onBothRungs('a device is refused by name', async (t, bench) => {
  t.like(await bench.fail('FROM busybox\nRUN --device=vendor.com/gpu=all true\n'), {
    code: 'UNSUPPORTED',
    message: 'RUN --device=vendor.com/gpu=all is not supported',
  });
});
