import type { Command } from 'commander';

/** A manual page: its file's name and its text. */
export interface ManPage {
  readonly name: string;
  readonly text: string;
}

/** What a page says besides the command. */
export interface PageFacts {
  readonly version: string;
  readonly date: Date;
}

/**
 * Section 1 pages of a program: one for itself, one for each command and each command below that (`varve-store-prune.1`).
 * @see https://man7.org/linux/man-pages/man7/man-pages.7.html
 */
export function manPages(program: Command, facts: PageFacts): ManPage[] {
  return pagesOf(program, [program.name()], facts);
}

function pagesOf(command: Command, path: readonly string[], facts: PageFacts): ManPage[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const name = path.join('-');
  const parent = path.slice(0, -1).join('-');
  const words = command.registeredArguments.map((argument) => {
    const word = italic(argument.name());
    return `${argument.required ? word : `[${word}]`}${argument.variadic ? '...' : ''}`;
  });
  const text = [
    `.TH ${quoted(name.toUpperCase())} 1 ${quoted(facts.date.toISOString().slice(0, 10))} ${quoted(`varve ${facts.version}`)} "varve"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(command.description())}`,
    '.SH SYNOPSIS',
    [bold(path.join(' ')), children.length ? italic('command') : '', `[${italic('flags')}]`, ...words]
      .filter(Boolean)
      .join(' '),
    ...section(
      'COMMANDS',
      children.map((child) => [`${bold(`${name}-${child.name()}`)}(1)`, child.description()]),
    ),
    ...section(
      'OPTIONS',
      help.visibleOptions(command).map((option) => [bold(option.flags), help.optionDescription(option)]),
    ),
    ...(path.length === 1 ? EXIT_STATUS : []),
    ...(parent ? ['.SH SEE ALSO', `${bold(parent)}(1)`] : []),
  ];
  return [
    { name: `${name}.1`, text: `${text.join('\n')}\n` },
    ...children.flatMap((child) => pagesOf(child, [...path, child.name()], facts)),
  ];
}

const EXIT_STATUS = [
  '.SH EXIT STATUS',
  ...['0', 'done', '1', 'failed', '2', 'wrong usage', 'other', "a RUN's own, or 128 + the signal that ended varve"].map(
    (text, i) => (i % 2 ? plain(text) : `.TP\n.B ${text}`),
  ),
];

function section(title: string, rows: readonly (readonly [term: string, about: string])[]): string[] {
  if (rows.length === 0) return [];
  return [`.SH ${title}`, ...rows.map(([term, about]) => `.TP\n${term}\n${plain(about)}`)];
}

function bold(text: string): string {
  return `\\fB${inline(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${inline(text)}\\fR`;
}

/** A line of text: a dot or an apostrophe at its beginning would be a request. */
function plain(text: string): string {
  return inline(text).replace(/^(?=[.'])/, '\\&');
}

/** @see https://man7.org/linux/man-pages/man7/groff_char.7.html */
function inline(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('\n', ' ');
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\(dq')}"`;
}
