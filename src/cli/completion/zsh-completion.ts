import type { CommandWords, FlagWords } from './command-words.ts';

/** What zsh loads to complete `varve`: a file named _varve in a directory of $fpath, or by eval after compinit. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef varve
# zsh completion of varve: eval "$(varve completion zsh)" after compinit, or this as _varve in a directory of $fpath
${commands.map((command) => functionOf(command)).join('')}
if [[ $funcstack[1] == _varve ]]; then _varve "$@"; else compdef _varve varve; fi
`;
}

function functionOf({ path, commands, flags, words }: CommandWords): string {
  const name = ['_varve', ...path].join('_');
  const specs = flags.map(flagSpec);
  if (commands.length === 0) {
    const rest = words.length ? `'*:: :(${words.join(' ')})'` : `'*: :_files'`;
    return `${name}() {\n  _arguments -s -S ${[...specs, rest].join(' \\\n    ')}\n}\n`;
  }
  const rows = commands.map((child) => `    ${quoted(`${child.name.replaceAll(':', '\\:')}:${child.about}`)}`);
  const cases = commands.map((child) => `    ${child.name}) ${name}_${child.name} ;;`);
  return `${name}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C -S ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  local -a commands=(
${rows.join('\n')}
  )
  case $state in
  command) _describe -t commands 'varve command' commands ;;
  rest) case $line[1] in
${cases.join('\n')}
    *) _files ;;
  esac ;;
  esac
}
`;
}

/** @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html#index-_005farguments */
function flagSpec({ names, about, value }: FlagWords): string {
  const text = `[${about.replaceAll(/[[\]\\:]/g, (character) => `\\${character}`)}]`;
  const taken = value === 'none' ? '' : value === 'file' ? ': :_files' : `: :(${value.join(' ')})`;
  // A flag with a value may come as --flag value and as --flag=value; `*` lets it come again.
  const forms = names.map((name) =>
    quoted(`*${name}${value !== 'none' && name.startsWith('--') ? '=' : ''}${text}${taken}`),
  );
  return forms.join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
