/** `--explain` alone never takes the word after it, which is the context. */
export function withExplainFormat(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => (word === '--explain' && (end < 0 || i < end) ? '--explain=text' : word));
}
