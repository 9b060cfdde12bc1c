import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { notRun } from '../support/not-run.ts';

const run = promisify(execFile);
const VARVE = join(import.meta.dirname, '../../bin/varve');

/** A line that is typed, the words that are offered for its last one. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['varve b', ['bake', 'bench', 'build']],
  ['varve build --prog', ['--progress']],
  ['varve build --progress p', ['plain']],
  ['varve build --isolation ', ['auto', 'chroot', 'in-place', 'namespaces', 'oci']],
  ['varve store p', ['prune']],
  ['varve store prune --keep', ['--keep-storage']],
  ['varve history show --fo', ['--format']],
  ['varve completion ', ['bash', 'fish', 'zsh']],
  ['varve build --file Docker', ['Dockerfile']],
];

test('bash completes commands, flags, values and files', async (t) => {
  const directory = await withScript(t, 'bash');
  const lines = LINES.map(([line]) => line).join('\n');
  // What readline does: compgen's files are its own.
  const { stdout } = await run(
    'bash',
    [
      '-c',
      `source ./script
compopt() { mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
while IFS= read -r line; do
  read -ra COMP_WORDS <<<"$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  _varve; echo "\${COMPREPLY[*]}"
done <<<"$1"`,
      'bash',
      lines,
    ],
    { cwd: directory },
  );
  t.deepEqual(
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').sort()),
    LINES.map(([, words]) => [...words]),
  );
});

test('fish completes commands, flags, values and files', async (t) => {
  if (spawnSync('fish', ['--version']).status !== 0) {
    notRun(t, 'fish is not installed');
    return;
  }
  const directory = await withScript(t, 'fish');
  const asks = LINES.map(([line]) => `complete -C '${line}'; echo`).join('; ');
  const { stdout } = await run('fish', ['--no-config', '-c', `source ./script; ${asks}`], { cwd: directory });
  t.deepEqual(
    stdout
      .split('\n\n')
      .slice(0, -1)
      .map((lines) =>
        lines
          .split('\n')
          .map((line) => line.split('\t')[0])
          .sort(),
      ),
    LINES.map(([, words]) => [...words]),
  );
});

async function withScript(t: { teardown(end: () => void): void }, shell: string): Promise<string> {
  const temp = temporaryDirectory('varve-completion');
  t.teardown(() => temp[Symbol.dispose]());
  writeFileSync(join(temp.path, 'Dockerfile'), '');
  writeFileSync(join(temp.path, 'script'), (await run(VARVE, ['completion', shell])).stdout);
  return temp.path;
}
