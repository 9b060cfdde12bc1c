import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { outputOf } from '../../../scripts/run-process.ts';
import { findProcesses } from '../../sandbox/support/find-processes.ts';
import { notRun } from '../../support/not-run.ts';
import type { BuildOptions } from '../support/build-bench.ts';
import { onBothRungs, type RunBench } from '../support/run-bench.ts';
import { copySshClient, makeKey, noSshClient } from '../support/ssh-client.ts';

type SshBench = Omit<RunBench, 'run'> & {
  readonly keys: string;
  run(dockerfile: string, ssh: Record<string, string[]>): ReturnType<RunBench['run']>;
};

const CLIENT = 'FROM busybox\nRUN echo "user:x:1000:1000::/:/bin/sh" >> /etc/passwd\nCOPY --from=client / /\n';

function withSsh(title: string, body: (t: ExecutionContext, bench: SshBench) => Promise<void>): void {
  const test = async (t: ExecutionContext, bench: RunBench): Promise<void> => {
    const reason = noSshClient();
    if (reason) {
      notRun(t, reason);
      return;
    }
    const client = bench.directory('client', {});
    await copySshClient(client);
    const keys = bench.directory('keys', {});
    const options = (ssh: Record<string, string[]>): BuildOptions => ({
      ssh: new Map(Object.entries(ssh)),
      namedContexts: new Map([
        ['client', { kind: 'directory', path: client }],
        ['keys', { kind: 'directory', path: keys }],
      ]),
    });
    await body(t, { ...bench, keys, run: (dockerfile, ssh) => bench.run(CLIENT + dockerfile, options(ssh)) });
    t.deepEqual(findProcesses('keys.sock', bench.path), [], 'no agent is left');
  };
  onBothRungs(title, test, { serial: true });
}

withSsh('keys sign in a RUN, and are nowhere to be seen', async (t, bench) => {
  const key = await makeKey(bench.keys, 'one');
  chmodSync(key, 0o644); // as in a checkout: no reason to refuse it
  const other = await makeKey(bench.keys, 'two');
  const dockerfile =
    'COPY --from=keys one.pub /one.pub\n' +
    'RUN --mount=type=ssh set -e; echo $SSH_AUTH_SOCK; stat -c "%a %u:%g" $SSH_AUTH_SOCK; ssh-add -L | cut -d" " -f3;\\\n' +
    '  echo text > /text; ssh-keygen -q -Y sign -n file -f /one.pub /text; ssh-add -D 2>&1 || echo kept; ssh-add -L | wc -l\n';
  const { stdout, layer } = await bench.run(dockerfile, { default: [key, other] });
  t.deepEqual(stdout.split('\n').slice(0, 4), ['/run/buildkit/ssh_agent.0', '600 0:0', 'one', 'two']);
  t.regex(stdout, /kept\n2\n$/);
  t.true(layer.includes('text.sig'));
  t.false(layer.some((path) => path.startsWith('run')));
});

withSsh('an agent that runs already is forwarded', async (t, bench) => {
  const socket = join(bench.keys, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  try {
    while (!readdirSync(bench.keys).includes('agent')) await new Promise((resolve) => setTimeout(resolve, 20));
    const key = await makeKey(bench.keys, 'forwarded');
    await outputOf(['env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', key]);
    const dockerfile =
      'RUN --mount=type=ssh,id=a,target=/tmp/agent,uid=1000,gid=1000,mode=0660 --mount=type=ssh,id=b ' +
      '--mount=type=ssh,id=absent echo $SSH_AUTH_SOCK; stat -c "%a %u:%g" /tmp/agent; ls /run/buildkit;\\\n' +
      '  su user -c "SSH_AUTH_SOCK=/tmp/agent ssh-add -L" | cut -d" " -f3\n';
    const { stdout, layer } = await bench.run(dockerfile, { a: [socket], b: [socket] });
    t.is(stdout, '/tmp/agent\n660 1000:1000\nssh_agent.1\nforwarded\n');
    t.deepEqual(layer, []);
    t.regex(await outputOf(['env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-L']), /forwarded/);
  } finally {
    agent.kill();
  }
});

withSsh('what cannot be forwarded is refused by name', async (t, bench) => {
  const fails = async (dockerfile: string, ssh: Record<string, string[]>) =>
    (await t.throwsAsync(bench.run(dockerfile, ssh))) as Error;
  const required = 'RUN --mount=type=ssh,required true\n';
  t.like(await fails(required, {}), { code: 'SSH_MISSING', message: 'no SSH key "default" was given' });
  t.like(await fails('RUN --mount=type=ssh,id=x,required=true true\n', { default: [] }), { code: 'SSH_MISSING' });
  const locked = await makeKey(bench.keys, 'locked', 'secret');
  t.like(await fails(required, { default: [locked] }), { code: 'SSH_KEY' });
  t.regex((await fails(required, { default: ['/nowhere'] })).message, /\/nowhere/);
  t.like(await fails('RUN --mount=type=ssh,source=/x true\n', {}), { code: 'DOCKERFILE_MOUNT' });
  t.is((await bench.run('RUN --mount=type=ssh ls /run/buildkit 2>/dev/null || echo none\n', {})).stdout, 'none\n');
  t.true(readFileSync(locked, 'utf8').includes('PRIVATE'));
});
