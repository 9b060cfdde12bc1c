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

try {
  const inside = await enterUserNamespace();
  if (inside === undefined) await createProgram(stop.signal).parseAsync(withExplainFormat(process.argv));
  else process.exitCode = inside;
} catch (error) {
  exitWith(error, stop.signal);
}
