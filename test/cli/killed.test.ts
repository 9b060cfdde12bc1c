import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { outputOf } from '../../scripts/run-process.ts';
import { findProcesses } from '../sandbox/support/find-processes.ts';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = `
FROM localhost/busybox:1
COPY words.txt /words.txt
RUN seq 1 200 >/one && sleep 0.3
RUN mkdir /two && for i in $(seq 1 300); do echo $i >/two/$i; done
COPY words.txt /two/
RUN rm /two/7 && sleep 0.2
`;

/** All files' names and contents, as one listing. */
async function contents(tar: string): Promise<string> {
  const names = await outputOf(['tar', '--list', '--file', tar]);
  const bytes = await outputOf(['tar', '--extract', '--to-stdout', '--file', tar, 'one', 'two']);
  return names + bytes;
}

test('a build that was killed at any moment leaves nothing that the next one minds', async (t) => {
  t.timeout(300_000);
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE, 'words.txt': 'a b c\n' });
  const tar = (name: string) => join(bench.path, `${name}.tar`);
  const build = (name: string, ...flags: string[]) =>
    bench.start('build', '--no-cache', '-o', `type=tar,dest=${tar(name)}`, ...flags, context);
  t.is((await build('whole').ended).code, 0);
  const expected = await contents(tar('whole'));
  t.regex(expected, /two\/300\n/);
  // Spread over the length of a build, about 1.5 s.
  for (const delay of [120, 350, 600, 850, 1100, 1400]) {
    const { child, ended } = build('killed');
    await sleep(delay);
    child.kill('SIGKILL');
    await ended;
    const next = await build('next').ended;
    t.is(next.code, 0, `killed after ${delay} ms: ${next.stderr}`);
    t.is(await contents(tar('next')), expected, `killed after ${delay} ms`);
  }
  t.deepEqual(bench.leftovers(), { mounts: [], temps: [] });
});

test('a secret that a RUN of a killed build saw is gone with the next start', async (t) => {
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const [mark, secret] = [`87${process.pid}`, `secret-of-${process.pid}`];
  const context = bench.directory('context', {
    Dockerfile: `FROM localhost/busybox:1\nRUN --mount=type=secret,id=s cat /run/secrets/s >/dev/null; sleep ${mark}\n`,
    secret,
  });
  const { child, ended } = bench.start('build', '--secret', `id=s,src=${join(context, 'secret')}`, context);
  const sleeping = () => findProcesses(mark).some(({ argv }) => argv[0] === 'sleep');
  while (!sleeping() && child.exitCode === null) await sleep(20);
  t.is(secretsInMemory(secret).length, 1);
  child.kill('SIGKILL');
  await ended;
  const next = bench.directory('next', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  t.is((await bench.varve('build', next)).code, 0);
  t.deepEqual(secretsInMemory(secret), []);
  t.deepEqual(bench.leftovers(), { mounts: [], temps: [] });
});

/** Files below /dev/shm that have this content. */
function secretsInMemory(content: string): string[] {
  return readdirSync('/dev/shm', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, 'utf8') === content);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends the command that runs, and leaves no process, mount or temporary directory`, async (t) => {
    const bench = cliBench(t);
    await bench.importBusybox('localhost/busybox:1');
    const mark = `86${process.pid}${signal === 'SIGINT' ? 1 : 2}`;
    const dockerfile = `FROM localhost/busybox:1\nRUN (sleep ${mark} &) ; echo started; sleep ${mark}\n`;
    const context = bench.directory('context', { Dockerfile: dockerfile });
    const { child, ended } = bench.start('build', context);
    const sleeping = () => findProcesses(mark).filter(({ argv }) => argv[0] === 'sleep').length;
    while (sleeping() < 2 && child.exitCode === null) await sleep(20);
    t.is(sleeping(), 2);
    child.kill(signal);
    const outcome = await ended;
    t.is(outcome.code, signal === 'SIGINT' ? 130 : 143);
    t.regex(outcome.stderr, new RegExp(`cancelled by ${signal}`));
    t.deepEqual(findProcesses(mark), []);
    t.deepEqual(bench.leftovers(), { mounts: [], temps: [] });
    t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(bench.path));
  });
}
