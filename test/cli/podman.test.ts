import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { makeBusyboxRoot } from '../../scripts/busybox-base.ts';
import { notRun } from '../support/not-run.ts';
import { startRegistry } from '../support/registry.ts';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = [
  'FROM busybox:1',
  'COPY --chown=7:8 file /data/',
  'RUN echo made > /made && rm /bin/vi',
  'ENV WORD=hello',
  'WORKDIR /data',
  'USER 7:8',
  'CMD ["sh", "-c", "echo $WORD; cat file /made; stat -c %u:%g file; id -u; pwd; test -e /bin/vi || echo gone"]',
].join('\n');

test.serial('podman pulls, loads, reads and runs what varve makes', async (t) => {
  if (process.getuid?.() !== 0) return notRun(t, 'podman as root is what is tested');
  t.timeout(600_000);
  const bench = cliBench(t);
  await using registry = await startRegistry();
  const varve = async (...args: string[]) => {
    const { code, stderr } = await bench.here(...args);
    t.is(code, 0, stderr);
  };
  // No cgroups, no overlay and no journal are asked of the machine.
  const place = ['--root', join(bench.path, 'podman'), '--runroot', join(bench.path, 'podman-run')];
  const means = ['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
  const podman = (...args: string[]) => promisify(execFile)('podman', [...place, ...means, ...args]);

  await bench.importBusybox('busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE, file: 'copied\n' });
  const name = `${registry.host}/app:1`;
  const [docker, oci] = ['docker.tar', 'oci.tar'].map((file) => join(bench.path, file));
  const outputs = ['-o', `type=docker,dest=${docker}`, '-o', `type=oci,dest=${oci},compression=zstd`];
  await varve('build', ...outputs, '--compression', 'gzip', '-t', 'x.example/app:1', context);
  await varve('build', '--push', '-t', name, '--provenance', 'true', '--sbom', 'true', context);

  await podman('pull', '--quiet', '--tls-verify=false', name);
  for (const [archive, tag] of [
    [docker, 'x.example/docker:1'],
    [oci, 'x.example/oci:1'],
  ] as const) {
    t.regex((await podman('load', '--quiet', '--input', archive!)).stdout, /x\.example\/app:1/);
    await podman('tag', 'x.example/app:1', tag);
    await podman('untag', 'x.example/app:1', 'x.example/app:1');
  }
  const names = [name, 'x.example/docker:1', 'x.example/oci:1'];
  const [pulled, loaded, other] = await Promise.all(
    names.map(async (image) => JSON.parse((await podman('image', 'inspect', image)).stdout)[0]),
  );
  t.like(pulled.Config, { User: '7:8', WorkingDir: '/data' });
  t.true(pulled.Config.Env.includes('WORD=hello'));
  for (const { Config, RootFS, Os, Architecture } of [loaded, other])
    t.deepEqual(
      { Config, RootFS, Os, Architecture },
      {
        Config: pulled.Config,
        RootFS: pulled.RootFS,
        Os: pulled.Os,
        Architecture: pulled.Architecture,
      },
    );

  // Limits that are not above this process's own.
  const limits = ['--ulimit', 'nofile=64:64', '--ulimit', 'nproc=64:64'];
  const run = (...args: string[]) => podman('run', '--rm', '--network=host', '--cgroups=no-conmon', ...limits, ...args);
  const root = join(bench.path, 'root');
  mkdirSync(root);
  await makeBusyboxRoot(root);
  const refusal = await run('--rootfs', root, 'true').then(
    () => undefined,
    (error: Error & { stderr?: string }) => error.stderr ?? error.message,
  );
  if (refusal !== undefined) return t.log(`podman runs no container on this machine: ${refusal}`);
  for (const image of names) {
    const { stdout } = await run(image);
    t.is(stdout, 'hello\ncopied\nmade\n7:8\n7\n/data\ngone\n', image);
  }
});
