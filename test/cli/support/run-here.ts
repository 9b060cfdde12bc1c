import { exitWith } from '../../../src/cli/exit.ts';
import { withExplainFormat } from '../../../src/cli/explain-format.ts';
import { createProgram } from '../../../src/cli/program.ts';
import type { Outcome } from './cli-bench.ts';

/**
 * The command line in this process, whose environment, output and exit code it takes meanwhile: for tests that run one
 * after the other (test.serial). A process of its own takes a second of a processor to start.
 */
export async function runHere(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const { signal } = new AbortController();
  const said = { stdout: '', stderr: '' };
  const before = { env: { ...process.env }, exitCode: process.exitCode };
  using restored = new DisposableStack();
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const { write } = stream;
    stream.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
      said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = more.at(-1);
      if (typeof done === 'function') process.nextTick(() => done());
      return true;
    };
    restored.defer(() => {
      stream.write = write;
    });
  }
  Object.assign(process.env, env);
  process.exitCode = undefined;
  restored.defer(() => {
    for (const name of Object.keys(process.env)) if (!(name in before.env)) delete process.env[name];
    Object.assign(process.env, before.env);
    process.exitCode = before.exitCode;
  });
  try {
    const program = await createProgram(signal, words[0]);
    await program.parseAsync(withExplainFormat(['node', 'varve', ...words]));
  } catch (error) {
    exitWith(error, signal);
  }
  return { code: Number(process.exitCode ?? 0), signal: null, ...said };
}
