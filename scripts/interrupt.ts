export interface Interrupt extends Disposable {
  /** Aborted by SIGINT, SIGTERM or SIGHUP, and when nobody reads this program's output any more. */
  readonly signal: AbortSignal;
  /** What a shell expects of a program that a signal ended, else undefined. */
  exitCode(): number | undefined;
}

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 };

/** Turns the signals that ask a program to end into an AbortSignal, so that it cleans up on the ordinary way out. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const handle = (name: keyof typeof NUMBERS) => {
    code = 128 + NUMBERS[name];
    controller.abort(new Error(`stopped by ${name}`));
  };
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  for (const name of names) process.on(name, handle);
  // Node ignores SIGPIPE; a write says it, and without a listener ends the program on the spot.
  const onBrokenPipe = () => handle('SIGPIPE');
  const outputs = [process.stdout, process.stderr];
  for (const stream of outputs) stream.on('error', onBrokenPipe);
  return {
    signal: controller.signal,
    exitCode: () => code,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, handle);
      for (const stream of outputs) stream.off('error', onBrokenPipe);
    },
  };
}
