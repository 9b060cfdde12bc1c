import type { CommandWords } from './command-words.ts';

/** What fish sources to complete `varve`. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  return `# fish completion of varve: varve completion fish | source
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, flags, words }: CommandWords): string[] {
  const children = commands.map(({ name }) => name).join(' ');
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const none = children ? [`not __fish_seen_subcommand_from ${children}`] : [];
  const condition = (conditions: readonly string[]): string =>
    conditions.length ? ` -n ${quoted(conditions.join('; and '))}` : '';
  const here = condition([...seen, ...none]);
  return [
    ...commands.map(({ name, about }) => `complete -c varve${here} -f -a ${name} -d ${quoted(about)}`),
    ...(words.length ? [`complete -c varve${here} -f -a ${quoted(words.join(' '))}`] : []),
    ...flags.map(({ names, about, value }) => {
      const forms = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
      const taken = value === 'none' ? '' : value === 'file' ? ' -r -F' : ` -x -a ${quoted(value.join(' '))}`;
      return `complete -c varve${here}${forms.join('')}${taken} -d ${quoted(about)}`;
    }),
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}
