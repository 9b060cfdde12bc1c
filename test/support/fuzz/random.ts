/** Numbers that look random and are the same for one seed always. */
export interface Random {
  /** From 0 up to and without `end`. */
  below(end: number): number;
  pick<T>(from: readonly T[]): T;
  chance(part: number): boolean;
}

/** @param seed two numbers, so that each input of a run has its own */
export function seeded(seed: number, index: number): Random {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
  // mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (end) => Math.floor(next() * end),
    pick: (from) => from[Math.floor(next() * from.length)]!,
    chance: (part) => next() < part,
  };
}
