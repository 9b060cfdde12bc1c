import { formatError } from '../../../src/cli/format-error.ts';
import { VarveError } from '../../../src/errors.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { mutateBytes, mutateJson } from './mutate.ts';
import { seeded } from './random.ts';

/** Longest text of an error that a person is shown, in characters. */
const SHOWN_LIMIT = 40_000;
const PROTOTYPES: readonly object[] = [Object.prototype, Array.prototype, Function.prototype, Map.prototype];
const OWN = PROTOTYPES.map((each) => Reflect.ownKeys(each).length);

export type Outcome = 'read' | 'refused';

/** A flaw: what an input did that none may. */
export class Flaw extends Error {
  override readonly name = 'Flaw';
}

/** The same bytes for the same seed and index. */
export async function inputOf(target: FuzzTarget, seed: number, index: number): Promise<Buffer> {
  const random = seeded(seed, index);
  const sample = random.pick(target.samples);
  const isValue = target.json === true && random.chance(0.7);
  const changed = isValue ? mutateJson(sample, random) : mutateBytes(sample, target.tokens ?? [], random);
  return (await target.finish?.(changed, random)) ?? changed;
}

/**
 * Lets the target read it: it gives something, or refuses it with an error that a person can be shown.
 * @throws Flaw for anything else
 */
export async function tryInput(target: FuzzTarget, input: Buffer): Promise<Outcome> {
  try {
    await target.read(input);
  } catch (error) {
    if (error instanceof Flaw) throw error;
    if (!(error instanceof VarveError)) {
      if (target.expects?.(error)) return 'refused';
      throw new Flaw(`not a VarveError: ${error instanceof Error ? error.stack : String(error)}`);
    }
    checkShown(error);
    return 'refused';
  } finally {
    PROTOTYPES.forEach((each, i) => {
      if (Reflect.ownKeys(each).length !== OWN[i]) throw new Flaw('a prototype has something new');
    });
  }
  return 'read';
}

function checkShown(error: VarveError): void {
  const shown = formatError(error);
  if (error.message.trim() === '') throw new Flaw('an error without a message');
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(shown))
    throw new Flaw(`control characters reach the terminal: ${JSON.stringify(shown.slice(0, 1000))}`);
  if (shown.length > SHOWN_LIMIT) throw new Flaw(`a message of ${shown.length} characters: ${shown.slice(0, 200)}`);
  if (/\n\s+at .*\(?(file|node):/.test(error.message)) throw new Flaw(`a stack in a message: ${error.message}`);
}
