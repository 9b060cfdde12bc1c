import { createHash } from 'node:crypto';
import type { Script } from './script-schema.ts';

/** Numbers that 32 bits have. */
const DRAWS = 2 ** 32;

/**
 * The names of the edits in the order in which they are made: as the script has them, each once, or `count` of them
 * drawn by their weights, the same ones for the same seed and script.
 */
export function editSequence({ edits }: Script, draw: { readonly seed: number; readonly count: number } | undefined) {
  const names = Object.keys(edits);
  if (!draw) return names;
  const total = names.reduce((sum, name) => sum + edits[name]!.weight, 0);
  return Array.from({ length: draw.count }, (_, i) => {
    const number = createHash('sha256').update(`${draw.seed}:${i}`).digest().readUInt32BE(0);
    let rest = (number / DRAWS) * total;
    return names.find((name) => (rest -= edits[name]!.weight) < 0) ?? names.at(-1)!;
  });
}
