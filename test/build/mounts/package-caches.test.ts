import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { SavedMountsOptions } from '../../../src/build/mounts/saved/saved-mounts-options.ts';
import { findTool } from '../../../src/sandbox/find-tool.ts';
import { copyNpm, hostTools } from '../../fixtures/host-tools.ts';
import { serveFiles } from '../../support/http-files.ts';
import { notRun } from '../../support/not-run.ts';
import { onRung, type RunBench } from '../support/run-bench.ts';

const options = (bench: RunBench): SavedMountsOptions => ({
  place: { kind: 'layout', path: join(bench.path, 'mounts') },
  branch: 'main',
  defaultBranch: 'main',
  isWritten: true,
  limitBytes: 2 ** 30,
});

function hasPrograms(...names: string[]): boolean {
  return names.every((name) => findTool(name, process.env.PATH ?? '') !== undefined);
}

/** The same install step on a machine that saves its mounts, and on one with an empty store. */
async function onTwoMachines(
  t: ExecutionContext,
  bench: RunBench,
  { tools, files, run }: { tools: string; files: Readonly<Record<string, string>>; run: string },
): Promise<void> {
  for (const store of ['one', 'two']) {
    const { warnings } = await bench.run(`FROM busybox\nCOPY . /\n${run}`, {
      context: { kind: 'directory', path: bench.directory('files', files) },
      store,
      cacheMounts: options(bench),
      namedContexts: new Map([['tools', { kind: 'directory', path: tools }]]),
    });
    t.deepEqual(warnings, [], store);
  }
}

const MOUNTS = [
  'bin:/opt/bin',
  'lib:/lib',
  'lib64:/lib64',
  'share:/opt/share',
  'apt:/usr/lib/apt',
  'dpkg:/usr/share/dpkg',
]
  .map((each) => each.split(':'))
  .map(([source, target]) => `--mount=type=bind,from=tools,source=${source},target=${target}`)
  .join(' ');

onRung('namespaces', 'npm ci with a restored cache downloads no package', async (t, bench) => {
  if (!hasPrograms('npm')) return notRun(t, 'npm is not installed');
  t.timeout(600_000);
  const tools = hostTools(join(bench.path, 'tools'), [realpathSync(process.execPath)]);
  for (const name of ['apt', 'dpkg']) mkdirSync(join(tools, name));
  copyNpm(join(tools, 'share'));
  await using server = await serveFiles({});
  const packages: Record<string, object> = {};
  for (const name of ['left', 'right']) {
    const directory = bench.directory(`packages/${name}/package`, {
      'package.json': JSON.stringify({ name, version: '1.0.0' }),
      'index.js': `module.exports = '${name}'\n`,
    });
    const body = execFileSync('tar', ['-C', join(directory, '..'), '-czf', '-', 'package']);
    const path = `/${name}/-/${name}-1.0.0.tgz`;
    server.files.set(path, { body });
    const integrity = `sha512-${createHash('sha512').update(body).digest('base64')}`;
    packages[`node_modules/${name}`] = { version: '1.0.0', resolved: server.url + path, integrity };
  }
  const dependencies = { left: '1.0.0', right: '1.0.0' };
  const lock = { name: 'app', lockfileVersion: 3, packages: { '': { name: 'app', dependencies }, ...packages } };
  await onTwoMachines(t, bench, {
    tools,
    files: {
      'package.json': JSON.stringify({ name: 'app', dependencies }),
      'package-lock.json': JSON.stringify(lock),
    },
    run: `RUN --mount=type=cache,target=/root/.npm ${MOUNTS} /opt/bin/node /opt/share/bin/npm-cli.js ci --no-audit --no-fund --no-update-notifier --registry ${server.url} && cat /node_modules/left/index.js /node_modules/right/index.js\n`,
  });
  t.deepEqual(server.requests.map(({ path }) => path).sort(), ['/left/-/left-1.0.0.tgz', '/right/-/right-1.0.0.tgz']);
});

onRung('namespaces', 'apt-get install with restored caches downloads no package', async (t, bench) => {
  if (!hasPrograms('apt-get', 'dpkg', 'dpkg-deb')) return notRun(t, "this machine has not Debian's apt and dpkg");
  t.timeout(600_000);
  const methods = '/usr/lib/apt/methods';
  const programs = ['apt-get', 'dpkg', 'dpkg-deb', 'dpkg-split', 'tar'].map((name) =>
    execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
  );
  const tools = hostTools(
    join(bench.path, 'tools'),
    programs,
    ['http', 'store'].map((name) => join(methods, name)),
  );
  cpSync(methods, join(tools, 'apt/methods'), { recursive: true });
  cpSync('/usr/share/dpkg', join(tools, 'dpkg'), { recursive: true });
  mkdirSync(join(tools, 'share'));
  const arch = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const control = `Package: hello\nVersion: 1\nArchitecture: ${arch}\nMaintainer: a <a@b.test>\nDescription: hello\n`;
  const source = bench.directory('hello', { 'DEBIAN/control': control, 'opt/hello': 'hello from a package\n' });
  const deb = join(bench.path, 'hello.deb');
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', source, deb], { stdio: 'ignore' });
  const body = readFileSync(deb);
  const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const list = `${control.trimEnd()}\nFilename: ./hello.deb\nSize: ${body.length}\nSHA256: ${sha256(body)}\n\n`;
  const release = `Date: Sat, 01 Jan 2022 00:00:00 UTC\nSuite: test\nSHA256:\n ${sha256(list)} ${list.length} Packages\n`;
  // As apt asks for the files of a flat repository.
  await using server = await serveFiles({
    '/./Release': { body: release, lastModified: 'Sat, 01 Jan 2022 00:00:00 GMT' },
    '/./Packages': { body: list },
    '/./hello.deb': { body },
  });
  await onTwoMachines(t, bench, {
    tools,
    files: {
      'etc/apt/sources.list': `deb [trusted=yes] ${server.url} ./\n`,
      'etc/apt/apt.conf': `APT::Sandbox::User "root";\nAPT::Architecture "${arch}";\nAcquire::Languages "none";\nDir::Bin::dpkg "/opt/bin/dpkg";\nDPkg::Path "/opt/bin:/bin:/usr/bin";\n`,
      'var/lib/dpkg/status': '',
      'var/lib/dpkg/info/placeholder': '',
      'var/log/apt/placeholder': '',
      'etc/apt/apt.conf.d/placeholder': '',
      'etc/apt/preferences.d/placeholder': '',
    },
    run: `ENV PATH=/opt/bin:/bin:/usr/bin\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked ${MOUNTS} apt-get -o Acquire::Retries=0 update && apt-get install -y -o Dpkg::Options::=--force-bad-path hello && grep hello /opt/hello\n`,
  });
  const count = (path: string) => server.requests.filter((each) => each.path === path && each.status === 200).length;
  t.deepEqual([count('/./hello.deb'), count('/./Packages'), count('/./Release')], [1, 1, 1]);
});
