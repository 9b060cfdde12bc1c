import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseGitReference } from '../../../src/context/git-reference.ts';
import { findProcesses } from '../../sandbox/support/find-processes.ts';
import { makeGitRepository } from '../../support/git-server.ts';
import { notRun } from '../../support/not-run.ts';
import { noSshServer, type SshServer, startAgent, startSshServer } from '../../support/ssh-server.ts';
import { type BuildOptions, buildBench } from '../support/build-bench.ts';
import { makeKey } from '../support/ssh-client.ts';

type Build = (ssh: Record<string, string[]>, more?: BuildOptions & { agent?: string }) => Promise<readonly string[]>;

/** Builds of a repository over ssh, whose steps' states come back. */
function withServer(
  title: string,
  body: (t: ExecutionContext, server: SshServer, build: Build) => Promise<void>,
): void {
  test.serial(title, async (t) => {
    const reason = noSshServer();
    if (reason) {
      notRun(t, reason);
      return;
    }
    await using server = await startSshServer();
    const repo = makeGitRepository(server.directory, 'app.git');
    const url = server.url + repo.path;
    repo.commit({ Dockerfile: `FROM scratch\nADD ${url} /\n` });
    const bench = buildBench(t);
    const reference = parseGitReference(url)!;
    await body(t, server, async (ssh, { agent, ...more } = {}) => {
      const { steps } = await bench.build(
        '',
        { kind: 'git', reference },
        {
          dockerfile: { kind: 'context' },
          ssh: new Map(Object.entries(ssh)),
          with: ({ gitEnv }) => ({
            gitEnv: {
              PATH: `${server.path}:${gitEnv.PATH}`,
              ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }),
            },
          }),
          ...more,
        },
      );
      return steps.map(({ status }) => status);
    });
    t.deepEqual(findProcesses('keys.sock', bench.path), [], 'no agent is left');
  });
}

withServer(
  'a repository over ssh with the key of --ssh default, also in a store whose path is long',
  async (t, server, build) => {
    t.deepEqual(await build({ default: [server.key] }), ['done']);
    t.deepEqual(await build({ default: [server.key] }), ['hit']);
    t.deepEqual(await build({ default: [server.key] }, { store: 'long'.repeat(30) }), ['done']);
  },
);

withServer('an agent: of --ssh default, else of the environment', async (t, server, build) => {
  await using agent = await startAgent(server.directory, server.key);
  const other = await makeKey(server.directory, 'other');
  t.deepEqual(await build({ default: [agent.socket] }), ['done']);
  t.deepEqual(await build({}, { agent: agent.socket }), ['hit']);
  t.deepEqual(await build({ id: [other] }, { agent: agent.socket }), ['hit']);
  await t.throwsAsync(build({ default: [other] }, { agent: agent.socket }), { code: 'GIT_FETCH' });
});

withServer('without a key the error says how to give one', async (t, _, build) => {
  const error = await t.throwsAsync(build({}), { code: 'GIT_FETCH' });
  t.regex((error as unknown as { hint: string }).hint, /--ssh default/);
  await t.throwsAsync(build({ default: ['/nowhere'] }), { code: 'SSH_KEY' });
});

withServer('a host is accepted once; with another key it is refused', async (t, server, build) => {
  await build({ default: [server.key] });
  const known = readFileSync(server.knownHosts, 'utf8');
  t.regex(known, /127\.0\.0\.1/);
  const [type, key] = readFileSync(`${await makeKey(server.directory, 'another')}.pub`, 'utf8').split(' ');
  writeFileSync(server.knownHosts, `${known.split(' ')[0]} ${type} ${key}\n`);
  await t.throwsAsync(build({ default: [server.key] }), { code: 'GIT_FETCH' });
  t.deepEqual(readFileSync(join(server.directory, 'known_hosts'), 'utf8').trim().split('\n').length, 1);
});
