/** Rows of cells as lines with aligned columns, `gap` blanks between them; numbers and sizes (`right`) to the right. */
export function textTable(rows: readonly (readonly string[])[], right: readonly number[] = [], gap = 2): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}
