import { withConfig } from './config/with-config.ts';
import { enterUserNamespace } from './enter-user-namespace.ts';
import { exitWith } from './exit.ts';
import { withExplainFormat } from './explain-format.ts';

/** Runs the command of `process.argv` and sets `process.exitCode`. */
export async function varve(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted && signal === 'SIGINT') process.stderr.write('varve: still cleaning up\n');
      stop.abort(new Error(signal));
    });
  }
  process.umask(0o022);
  // Whoever reads the output may have read enough, as head(1) does; the command goes on.
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }

  try {
    const inside = await enterUserNamespace();
    if (inside === undefined) await runCommand(process.argv, stop.signal);
    else process.exitCode = inside;
  } catch (error) {
    exitWith(error, stop.signal);
  }
}

/** `executor` and `warmer` have the command line of kaniko, and read it themselves. */
async function runCommand(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const [, , command, ...words] = argv;
  if (command !== 'executor' && command !== 'warmer') {
    const { commandNames, createProgram } = await import('./program.ts');
    const program = await createProgram(signal, command);
    const words = await withConfig(argv, { program, names: commandNames(), env: process.env });
    await program.parseAsync(withExplainFormat(words));
    return;
  }
  const { runKaniko } = await import('./executor/run-kaniko.ts');
  await runKaniko(command, words, signal);
}
