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
  await createProgram(stop.signal).parseAsync(process.argv);
} catch (error) {
  exitWith(error, stop.signal);
}
