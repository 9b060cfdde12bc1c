/** Names further away than this are not what the user meant (the same bound as BuildKit's). */
const MAX_DISTANCE = 2;

/** The option nearest to a mistyped name, or undefined when none is near. */
export function nearest(
  name: string,
  options: readonly string[],
  letters: 'any case' | 'exact case' = 'any case',
): string | undefined {
  const fold = (text: string) => (letters === 'any case' ? text.toLowerCase() : text);
  const wanted = fold(name);
  let best: string | undefined;
  let bestDistance = MAX_DISTANCE + 1;
  for (const option of options) {
    if (Math.abs(option.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, fold(option));
    if (distance < bestDistance) {
      best = option;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` (did you mean x?)`, or nothing. */
export function didYouMean(name: string, options: readonly string[]): string {
  const option = nearest(name, options);
  return option === undefined ? '' : ` (did you mean ${option}?)`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
