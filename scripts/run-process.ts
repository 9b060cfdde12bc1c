import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the child and its process group with SIGTERM; the promise settles when the child is gone. */
  readonly signal?: AbortSignal;
  /** Gets stdout and stderr as they come; the default is to pass them on to this process's own. */
  readonly onOutput?: (text: string) => void;
}

export interface Finished {
  /** Wall time. */
  readonly seconds: number;
  /** stdout, when `onOutput` was given; else empty. */
  readonly stdout: string;
}

/**
 * Runs a program to its end, in a process group of its own: a Ctrl-C reaches it through `signal` only, once.
 * @throws Error when it can't be started, fails, or `signal` was aborted.
 */
export async function runProcess(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { cwd, env = process.env, signal, onOutput } = options;
  signal?.throwIfAborted();
  const started = performance.now();
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    cwd,
    env,
    detached: true,
    stdio: onOutput ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  });
  const stop = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let stdout = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      if (stream === child.stdout) stdout += text;
      onOutput?.(text);
    });
  }
  try {
    const status = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, name) => resolve(code ?? name ?? 1));
    });
    signal?.throwIfAborted();
    if (status !== 0) throw new Error(`${argv.join(' ')}: ended with ${status}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  return { seconds: (performance.now() - started) / 1000, stdout };
}

/** stdout of a short command. @throws Error with its output when it fails. */
export async function outputOf(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  let all = '';
  try {
    const { stdout } = await runProcess(argv, { ...options, onOutput: (text) => (all += text) });
    return stdout;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${all.slice(-4000)}`, { cause: error });
  }
}
