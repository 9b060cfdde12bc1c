import type { CommandWords } from './command-words.ts';

/** What bash sources to complete `varve`; it needs nothing of the bash-completion package. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const paths = commands.filter(({ path }) => path.length).map(({ path }) => path.join(' '));
  const cases = commands.map(
    (command) => `    '${command.path.join(' ')}')
      flags='${command.flags.flatMap(({ names }) => names).join(' ')}'
      words='${[...command.commands.map(({ name }) => name), ...command.words].join(' ')}'
${valueCases(command)}      ;;`,
  );
  return `# bash completion of varve: source <(varve completion bash)
_varve() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' word flags='' words='' values='' takes=''
  # Readline takes --flag=value for three words.
  if [[ $cur == = ]]; then cur=''; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths.map((path) => `'${path}'`).join('|')}) path=\${path:+$path }$word ;;
    esac
  done
  case $path in
${cases.join('\n')}
  esac
  if [[ $takes && $values ]]; then words=$values; elif [[ $takes ]]; then words=''; elif [[ $cur == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ \${#COMPREPLY[@]} == 0 && ! ( $takes && $values ) ]]; then compopt -o default; fi
}
complete -F _varve varve
`;
}

/** Which flags take a value, and which values. */
function valueCases({ flags }: CommandWords): string {
  const rows = [...Map.groupBy(flags, ({ value }) => (typeof value === 'string' ? value : value.join(' ')))]
    .filter(([value]) => value !== 'none')
    .map(([value, own]) => {
      const names = own.flatMap((flag) => flag.names).join('|');
      return `        ${names}) takes=1 values='${value === 'file' ? '' : value}' ;;\n`;
    });
  return rows.length ? `      case $prev in\n${rows.join('')}      esac\n` : '';
}
