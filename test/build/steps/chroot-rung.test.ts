import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rung } from '../../../src/sandbox/sandbox.ts';
import { walkTree } from '../../../src/snapshot/walk-tree.ts';
import { onRung, type RunBench } from '../support/run-bench.ts';

/** Paths, types, modes, owners, links and contents of an image; times are the build's own. */
async function snapshotOf(bench: RunBench, dockerfile: string, isolation: Rung) {
  const entries: string[] = [];
  const { stdout } = await bench.run(dockerfile, {
    store: isolation,
    isolation,
    secrets: new Map([['s', { value: 'hidden' }]]),
    async inspect(image, services) {
      for await (const { path, entry } of walkTree(services.trees, await services.files.tree(image.layers))) {
        const { mtime: _, hardlink, ...rest } = entry;
        entries.push(JSON.stringify({ path, ...rest, linked: hardlink !== undefined }));
      }
    },
  });
  return { entries, stdout };
}

const DOCKERFILE = `FROM busybox AS from
RUN mkdir -p /d/sub && echo stage > /d/sub/f && chown 7:8 /d/sub/f
FROM busybox
RUN echo one > /one; mkdir -p /d/e; echo x > /d/e/f; ln /one /uno; chmod 700 /d; ln -s /one /l; : > /dev/null; echo x > /dev/shm/x
RUN --mount=type=tmpfs,target=/new/mount/point ls -R /new; : > /new/mount/point/x; rm -rf /d; mkdir /d; echo new > /d/g
RUN --mount=type=cache,target=/root/.cache/tool mkdir /root/.cache/tool/a; echo kept > /root/.cache/tool/a/f
RUN --mount=type=cache,target=/root/.cache/tool --mount=type=bind,target=/ctx --mount=type=bind,from=from,source=/d,target=/from,rw \\
  cat /root/.cache/tool/a/f /ctx/file /from/sub/f; stat -c %u:%g /from/sub/f; echo gone > /from/sub/new; touch /touched
RUN --mount=type=secret,id=s,mode=0440,uid=5 cat /run/secrets/s; stat -c '%a %u' /run/secrets/s; test -s /etc/resolv.conf; grep -c buildkitsandbox /etc/hosts
RUN <<END
#!/bin/sh
echo script > /script
END
WORKDIR /work
RUN mknod /fifo p; rm /uno; pwd > here
RUN ls /run /from /root/.cache /etc/resolv.conf 2>&1 | sort
`;

onRung('chroot', 'gives the snapshot that an overlay gives, whatever is mounted', async (t, bench) => {
  writeFileSync(join(bench.context, 'file'), 'context\n');
  const chroot = await snapshotOf(bench, DOCKERFILE, 'chroot');
  t.deepEqual(chroot, await snapshotOf(bench, DOCKERFILE, 'namespaces'));
  t.regex(chroot.stdout, /kept\ncontext\nstage\n7:8\nhidden/);
  t.deepEqual(readdirSync(join(bench.path, 'chroot/v1/tmp')), []);
});

onRung('chroot', 'a cache that RUNs share is one command at a time', async (t, bench) => {
  const stage = (name: string) =>
    `FROM busybox AS ${name}\nRUN --mount=type=cache,target=/c echo ${name} >> /c/log; sleep 0.2; tail -n1 /c/log > /${name}\n`;
  const dockerfile = `${stage('a')}${stage('b')}FROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\nRUN cat /a /b\n`;
  t.is((await bench.run(dockerfile)).stdout, 'a\nb\n');
});

onRung(
  'chroot',
  'what is missing is told when a command failed for it, and what holds for nobody',
  async (t, bench) => {
    const error = await bench.fail('FROM busybox\nRUN cat /proc/self/status\n');
    t.like(error, { code: 'RUN_FAILED', exitCode: 1 });
    t.regex(error.hint ?? '', /on the rung chroot there is no \/proc, .*varve doctor/);
    const other = await bench.fail('FROM busybox\nRUN exit 7\n');
    t.like(other, { exitCode: 7, hint: undefined });
    const none = await bench.fail('FROM busybox\nRUN --network=none true\n');
    t.regex(none.message, /RUN --network=none: the rung chroot has no network of its own/);
    const warnings: string[] = [];
    await bench.run('FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m true\n', {
      with: (services) => ({ log: { ...services.log, warn: (message) => void warnings.push(message) } }),
    });
    t.regex(warnings.join('\n'), /the tmpfs on \/t is an ordinary directory, and its size is not limited/);
  },
);
