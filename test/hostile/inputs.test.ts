import test from 'ava';
import { allTargets } from '../support/fuzz/all-targets.ts';
import { type Flaw, inputOf, tryInput } from '../support/fuzz/try-input.ts';

/** Of each target; node bench/endurance/fuzz.ts tries millions. */
const INPUTS = 60;
const HEAVY_INPUTS = 10;
const SEED = 10;

const targets = await allTargets();
test.after.always(async () => {
  for (const target of targets) await target[Symbol.asyncDispose]?.();
});

for (const target of targets) {
  test.serial(`${target.name}: what others made is read, or refused with words for a person`, async (t) => {
    const inputs = target.heavy ? HEAVY_INPUTS : INPUTS;
    const outcomes = { read: 0, refused: 0 };
    for (const sample of target.refusesSamples ? [] : target.samples) {
      const bytes =
        (await target.finish?.(sample, { below: () => 0, pick: (from) => from[0]!, chance: () => true })) ?? sample;
      t.is(await tryInput(target, bytes), 'read', 'a sample is not read');
    }
    for (let index = 0; index < inputs; index++) {
      const input = await inputOf(target, SEED, index);
      try {
        outcomes[await tryInput(target, input)]++;
      } catch (error) {
        t.fail(
          `input ${index} of seed ${SEED}: ${(error as Flaw).message}\n${input.subarray(0, 400).toString('latin1')}`,
        );
        return;
      }
    }
    t.is(outcomes.read + outcomes.refused, inputs);
  });
}
