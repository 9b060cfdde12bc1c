import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../bin/varve', import.meta.url));

export interface VarveProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<VarveEnd>;
}

export interface VarveEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A varve of its own process. */
export function startVarve(args: readonly string[], env: NodeJS.ProcessEnv = {}): VarveProcess {
  const child = spawn(BIN, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<VarveEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** @throws Error with all that it said, when it fails */
export async function varve(...args: string[]): Promise<VarveEnd> {
  const end = await startVarve(args).ended;
  if (end.code !== 0)
    throw new Error(`varve ${args.join(' ')} ended with ${end.code ?? end.signal}:\n${end.stdout}${end.stderr}`);
  return end;
}
