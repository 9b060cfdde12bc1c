import type { ExecutionContext } from 'ava';
import type { RootfsKind } from '../../../src/sandbox/sandbox.ts';
import { walkTree } from '../../../src/snapshot/walk-tree.ts';
import { onBothRungs, type RunBench } from '../support/run-bench.ts';

/** Paths, types, modes, owners, links and contents of an image; times are the build's own. */
async function snapshotOf(bench: RunBench, dockerfile: string, rootfs: RootfsKind) {
  const store = rootfs;
  const entries: string[] = [];
  const { stdout, steps } = await bench.run(dockerfile, {
    store,
    rootfs,
    async inspect(image, services) {
      for await (const { path, entry } of walkTree(services.trees, await services.files.tree(image.layers))) {
        const { mtime: _, hardlink, ...rest } = entry;
        entries.push(JSON.stringify({ path, ...rest, linked: hardlink !== undefined }));
      }
    },
  });
  return { entries, stdout, statuses: steps.map(({ status }) => status) };
}

const isSame = async (t: ExecutionContext, bench: RunBench, dockerfile: string): Promise<void> => {
  const overlay = await snapshotOf(bench, dockerfile, 'overlay');
  const plain = await snapshotOf(bench, dockerfile, 'plain');
  t.deepEqual(plain, overlay);
};
onBothRungs('a plain rootfs gives the snapshot that an overlay gives', async (t, bench) => {
  await isSame(
    t,
    bench,
    `FROM busybox
RUN echo one > /one; mkdir -p /d/e; echo x > /d/e/f; ln /one /uno; chmod 700 /d; chown 7:8 /d/e; ln -s /one /l
RUN --mount=type=tmpfs,target=/new/mount/point ls -R /new; rm -rf /d; mkdir /d; echo new > /d/g; touch /other
COPY --from=busybox /bin /copied
WORKDIR /work
RUN ls -d /new 2>&1; mknod /fifo p; rm /uno; pwd > here
RUN true
`,
  );
});

onBothRungs('a command on a plain rootfs writes to no file of the store', async (t, bench) => {
  const change = 'for f in /etc/passwd /bin/busybox; do cat $f > /tmp/x; echo changed >> $f; chmod 600 $f; done';
  const dockerfile = `FROM busybox AS changed\nRUN ${change}\nFROM busybox\nCOPY --from=changed /etc/passwd /other\nRUN grep -c changed /etc/passwd /other; ls -l /etc/passwd\n`;
  const { stdout } = await bench.run(dockerfile, { rootfs: 'plain' });
  t.regex(stdout, /^\/etc\/passwd:0\n\/other:1\n-rw-r--r--/);
});

onBothRungs('a command that fails leaves its rootfs to nobody', async (t, bench) => {
  const failing = 'FROM busybox\nRUN echo spoiled > /etc/passwd; exit 3\n';
  t.like(await bench.fail(failing, { rootfs: 'plain' }), { code: 'RUN_FAILED', exitCode: 3 });
  const { stdout } = await bench.run('FROM busybox\nRUN cat /etc/passwd\n', { rootfs: 'plain' });
  t.notRegex(stdout, /spoiled/);
});
