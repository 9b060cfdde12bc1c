import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { openSocketAddress } from '../../cas/catalog-socket.ts';
import { VarveError } from '../../errors.ts';

/** An ssh-agent of our own. */
export interface KeyAgent {
  readonly socket: string;
  close(): Promise<void>;
}

const SOCKET_NAME = 'keys.sock';

/**
 * Starts ssh-agent and adds private keys to it. The agent lives as long as the program that it starts, which reads a
 * pipe of ours: when varve is killed, both end (the agent within ten seconds).
 * @param directory where its socket will be
 * @param program where a program of the machine is
 * @throws VarveError `SSH_KEY`, `SSH_TOOL`
 */
export async function startKeyAgent(
  keys: readonly string[],
  directory: string,
  program: (name: string) => string | undefined,
): Promise<KeyAgent> {
  const [agent, add, sh] = ['ssh-agent', 'ssh-add', 'sh'].map((name) => {
    const path = program(name);
    if (path === undefined)
      throw new VarveError('SSH_TOOL', `--ssh with a key needs ${name}`, { hint: 'install openssh-client' });
    return path;
  }) as [string, string, string];
  const child = spawn(agent, ['-a', SOCKET_NAME, sh, '-c', 'echo "$SSH_AGENT_PID"; read -r line'], {
    cwd: directory,
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()).on('error', () => resolve()));
  const pid = await firstLine(child.stdout, child.stderr);
  const close = async (): Promise<void> => {
    if (/^\d+$/.test(pid)) killQuietly(Number(pid));
    child.stdin.end();
    await ended;
  };
  try {
    if (!/^\d+$/.test(pid)) throw new VarveError('SSH_TOOL', `ssh-agent does not start: ${pid}`);
    for (const key of keys) await addKey(key, { add, directory });
    // A path that ssh can connect to, however deep the store is.
    const address = openSocketAddress(directory, SOCKET_NAME);
    return {
      socket: address.path.replace('/proc/self/', `/proc/${process.pid}/`),
      async close() {
        address.release();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** By standard input: ssh-add refuses a file that others may read, which in a checkout or a volume is usual. */
async function addKey(path: string, { add, directory }: { add: string; directory: string }): Promise<void> {
  let key: Buffer;
  try {
    key = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new VarveError('SSH_KEY', `the ssh key ${path} cannot be read: ${code}`, { cause: error });
  }
  const child = spawn(add, ['-q', '-'], {
    cwd: directory,
    env: { SSH_AUTH_SOCK: SOCKET_NAME, SSH_ASKPASS_REQUIRE: 'never' },
    stdio: ['pipe', 'ignore', 'pipe'],
    // Without a terminal it cannot ask for a passphrase.
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on('error', () => {}); // it may give up before it has read all
  child.stdin.end(key);
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  if (code === 0) return;
  throw new VarveError('SSH_KEY', `the ssh key ${path} cannot be used: ${said.trim().split('\n').at(-1) ?? ''}`, {
    hint: 'a key with a passphrase has to be in an agent: ssh-add it, and use --ssh default',
  });
}

async function firstLine(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] || said.trim();
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // gone already
  }
}
