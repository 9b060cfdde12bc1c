import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { VarveError } from '../errors.ts';
import { ownDescriptors } from './own-descriptors.ts';
import { childPids, descendantPids } from './process-tree.ts';
import type { RunIo } from './sandbox.ts';
import { StderrGate } from './stderr-gate.ts';

/** Between asking (SIGTERM) and killing after an abort: on a busy machine a shell needs more than 0.4 s to run its trap. */
const ABORT_GRACE_MS = 2000;

/** A thread that opens a file in the instant between marking all files and starting a process does not do so every time. */
const START_ATTEMPTS = 20;

/**
 * Generations from the launcher to the command: the outer pid 1, and what waits for the command (a shell, or runc).
 * Those two must outlive it: their end is the end of all.
 */
const COMMAND_DEPTH = 3;

export interface LaunchSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** First words of a launcher's own message on stderr, see StderrGate. */
  readonly launcherPrefixes: readonly string[];
  /** The launcher is a keeper (run-keeper.ts), which ends what it started by itself when it is told to. */
  readonly isKeeper?: boolean;
  /** Told when the launcher runs, and when it has ended. */
  readonly watch?: (pid: number, state: 'running' | 'ended') => void;
}

export interface LaunchResult {
  readonly exitCode: number;
  /** The launcher's message when the command never wrote anything itself; not passed on to io.stderr. */
  readonly launcherMessage: string | undefined;
  /** Passes launcherMessage on as the command's output. */
  release(): void;
  readonly durationMs: number;
}

/**
 * Starts the launcher (whose only child is pid 1 of a pid namespace, or a keeper), streams its output, and settles when it is gone.
 * On abort the command and all it started get SIGTERM, after 2 s pid 1 gets SIGKILL: the launcher then ends by
 * itself, after the kernel has emptied the namespace, so that nothing is left when this settles.
 * @throws VarveError `CANCELLED`, `SANDBOX_START`.
 */
export async function launch(spec: LaunchSpec, io: RunIo): Promise<LaunchResult> {
  if (io.signal?.aborted) throw cancelled(io.signal);
  const started = performance.now();
  const gate = new StderrGate(spec.launcherPrefixes, (chunk) => io.stderr(chunk));
  const child = start(spec);
  const kill = spec.isKeeper ? (keeper: ChildProcess) => keeper.kill('SIGHUP') : killTree;
  let sinkError: unknown;
  const guarded = (sink: (chunk: Buffer) => void) => (chunk: Buffer) => {
    try {
      if (sinkError === undefined) sink(chunk);
    } catch (error) {
      sinkError = error;
      kill(child);
    }
  };
  child.stdout?.on(
    'data',
    guarded((chunk) => io.stdout(chunk)),
  );
  child.stderr?.on(
    'data',
    guarded((chunk) => gate.write(chunk)),
  );

  let timer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    if (spec.isKeeper) child.kill('SIGTERM');
    else if (child.pid !== undefined)
      for (const pid of descendantPids(child.pid, COMMAND_DEPTH)) sendSignal(pid, 'SIGTERM');
    timer = setTimeout(() => kill(child), ABORT_GRACE_MS);
  };
  io.signal?.addEventListener('abort', abort, { once: true });
  const { pid } = child;
  if (pid !== undefined) spec.watch?.(pid, 'running');
  try {
    const [code, signal] = await ended(child);
    if (io.signal?.aborted) throw cancelled(io.signal);
    if (sinkError !== undefined) throw sinkError;
    const launcherMessage = gate.message();
    if (launcherMessage === undefined) gate.release();
    return {
      exitCode: code ?? 128 + (signal ? constants.signals[signal] : 0),
      launcherMessage,
      release: () => gate.release(),
      durationMs: performance.now() - started,
    };
  } finally {
    if (pid !== undefined) spec.watch?.(pid, 'ended');
    clearTimeout(timer);
    io.signal?.removeEventListener('abort', abort);
  }
}

/** @throws VarveError `SANDBOX_START`, `SANDBOX_ARGUMENTS` */
function start({ file, args, cwd, env }: LaunchSpec): ChildProcess {
  const own = ownDescriptors();
  for (let attempt = 1; ; attempt++) {
    own.close();
    let child: ChildProcess;
    try {
      // A process group of its own: the terminal's Ctrl-C comes to varve, which then ends the RUN in order.
      child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    } catch (error) {
      throw startError(error);
    }
    if (child.pid === undefined || !own.has(child.pid)) return child;
    child.on('error', () => {});
    sendSignal(child.pid, 'SIGKILL');
    if (attempt === START_ATTEMPTS)
      throw new VarveError('SANDBOX_START', "the sandbox cannot be started without varve's own open files");
  }
}

function ended(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(startError(error)));
    // 'close', not 'exit': all output has been read.
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const inits = childPids(child.pid);
  for (const pid of inits) sendSignal(pid, 'SIGKILL');
  // It has no child yet (or /proc cannot tell): its parent-death signal takes the rest with it.
  if (inits.length === 0) sendSignal(-child.pid, 'SIGKILL');
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}

function cancelled(signal: AbortSignal): VarveError {
  return new VarveError('CANCELLED', 'the RUN was cancelled', { cause: signal.reason });
}

function startError(error: unknown): VarveError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'E2BIG') {
    return new VarveError('SANDBOX_ARGUMENTS', 'the command and its environment are too long for the kernel', {
      cause: error,
      hint: 'one argument may have 128 KiB, all together 2 MiB: put long scripts in a file',
    });
  }
  if (code === 'ERR_INVALID_ARG_VALUE') {
    return new VarveError('SANDBOX_ARGUMENTS', 'the command or its environment has a NUL byte', { cause: error });
  }
  return new VarveError('SANDBOX_START', `the sandbox cannot be started: ${String(error)}`, { cause: error });
}
