import { VarveError } from '../../errors.ts';
import { packageVersion } from '../package-version.ts';
import { createProgram } from '../program.ts';
import { flagValues, sameFlags } from './build-argv.ts';
import type { FlagRow } from './flag-row.ts';
import { helpText } from './help-text.ts';
import { logStyle } from './log-style.ts';
import { flagNotes } from './notes.ts';
import { type ParsedFlags, parseFlags } from './parse-flags.ts';
import { LOGIN_ROWS, PUSH_ROWS } from './push-rows.ts';
import { refuseFlags } from './refuse.ts';
import { runExecutor } from './run-executor.ts';
import { runWarmer } from './run-warmer.ts';
import { noteWriter } from './write-note.ts';

/** kaniko's programs: `executor` with its sub-commands, and `warmer`. */
export async function runKaniko(
  program: 'executor' | 'warmer',
  argv: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (program === 'warmer') return runWarmer(argv, signal);
  const [command, ...rest] = argv;
  switch (command) {
    case 'warmer':
      return runWarmer(rest, signal);
    case 'version':
      process.stdout.write(`varve ${packageVersion()}, with the command line of kaniko\n`);
      return;
    case 'login':
      return runLogin(rest, signal);
    case 'push':
      return runPush(rest, signal);
    case 'bake':
      throw new VarveError('UNSUPPORTED', 'executor bake is not supported', {
        hint: 'varve executor --target STAGE --destination NAME builds one target of the file',
        exitCode: 2,
      });
    default:
      return runExecutor(argv, { signal, version: packageVersion() });
  }
}

async function runLogin(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const parsed = readFlags(argv, LOGIN_ROWS, 'executor login REGISTRY [flags]', 'Keep the password of a registry.');
  if (!parsed) return;
  const registry = oneWord(parsed, 'login', 'the registry');
  await (await createProgram(signal, 'login')).parseAsync(['login', ...sameFlags(parsed, LOGIN_ROWS), registry], {
    from: 'user',
  });
}

async function runPush(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const about = 'Push an image of an archive or an OCI layout.';
  const parsed = readFlags(argv, PUSH_ROWS, 'executor push PATH [flags]', about);
  if (!parsed) return;
  const path = oneWord(parsed, 'push', 'the archive or OCI layout');
  const values = flagValues(parsed, PUSH_ROWS);
  const destinations = values.list('destination');
  if (destinations.length === 0) throw usage('at least one --destination is required');
  const style = logStyle(values);
  const flags = [...sameFlags(parsed, PUSH_ROWS), ...(style.verbose ? ['--verbose'] : [])];
  const quiet = style.progress === 'quiet' ? ['--quiet'] : [];
  await (await createProgram(signal, 'push')).parseAsync(['push', ...flags, ...quiet, path, ...destinations], {
    from: 'user',
  });
}

/** The flags of a sub-command; undefined when only its help was wanted. */
function readFlags(
  argv: readonly string[],
  rows: readonly FlagRow[],
  line: string,
  about: string,
): ParsedFlags | undefined {
  const parsed = parseFlags(argv, rows, line.split(' ', 2).join(' '));
  if (parsed.given.has('help')) {
    process.stdout.write(helpText(line, about, rows));
    return undefined;
  }
  refuseFlags(parsed, rows);
  const note = noteWriter(logStyle(flagValues(parsed, rows)), process.stderr);
  for (const text of flagNotes(parsed, rows)) note(text);
  return parsed;
}

function oneWord({ words }: ParsedFlags, command: string, what: string): string {
  const [word, ...more] = words;
  if (word === undefined) throw usage(`executor ${command}: ${what} is missing`);
  if (more.length) throw usage(`executor ${command}: one argument is taken, and there are ${words.length}`);
  return word;
}

function usage(message: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2 });
}
