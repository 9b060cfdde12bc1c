export interface FstabLine {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
}

/**
 * fstab(5) text for `mount -a -T`. Paths are byte strings or ASCII; blanks and backslashes become octal escapes. A
 * target named `root`, `none` or `/` has a meaning of its own to libmount: don't.
 */
export function formatFstab(lines: readonly FstabLine[]): Buffer {
  const text = lines
    .map(
      ({ source, target, type, options }) => `${escapeField(source)} ${escapeField(target)} ${type} ${options} 0 0\n`,
    )
    .join('');
  return Buffer.from(text, 'latin1');
}

function escapeField(field: string): string {
  return field.replace(/[\\\s#]/g, octal);
}

/** Everything but plain path characters as `\0ooo`, for printf's %b. */
export function escapeForPrintf(path: string): string {
  return path.replace(/[^A-Za-z0-9_./-]/g, (char) => `\\0${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function octal(char: string): string {
  return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
