import { withExplainFormat } from './build-report.ts';
import { enterUserNamespace } from './enter-user-namespace.ts';
import { exitWith } from './exit.ts';
import { createProgram } from './program.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted && signal === 'SIGINT') process.stderr.write('varve: still cleaning up\n');
    stop.abort(new Error(signal));
  });
}
process.umask(0o022);

/** `executor` and `warmer` have the command line of kaniko, and read it themselves. */
async function runCommand(argv: readonly string[]): Promise<void> {
  const [, , command, ...words] = argv;
  if (command !== 'executor' && command !== 'warmer') {
    await createProgram(stop.signal).parseAsync(withExplainFormat(argv));
    return;
  }
  const { runKaniko } = await import('./executor/run-kaniko.ts');
  await runKaniko(command, words, stop.signal);
}

try {
  const inside = await enterUserNamespace();
  if (inside === undefined) await runCommand(process.argv);
  else process.exitCode = inside;
} catch (error) {
  exitWith(error, stop.signal);
}
