import { VarveError } from '../../errors.ts';
import type { ProgressMode } from '../progress/render-progress.ts';
import type { FlagValues } from './build-argv.ts';

/** What --verbosity, --log-format and --log-timestamp come to. */
export interface LogStyle {
  readonly progress: ProgressMode;
  readonly verbose: boolean;
  readonly timestamps: boolean;
}

const QUIET: readonly string[] = ['warn', 'warning', 'error', 'fatal', 'panic'];
const LEVELS: readonly string[] = ['trace', 'debug', 'info', ...QUIET];
const FORMATS: readonly string[] = ['text', 'color', 'json'];

/** @throws VarveError `USAGE` */
export function logStyle(values: FlagValues): LogStyle {
  const level = (values.text('verbosity') ?? 'info').toLowerCase();
  const format = values.text('log-format') ?? 'color';
  if (!LEVELS.includes(level)) throw usage('verbosity', level, LEVELS);
  if (!FORMATS.includes(format)) throw usage('log-format', format, FORMATS);
  const isJson = format === 'json';
  return {
    progress: QUIET.includes(level) ? 'quiet' : isJson ? 'json' : 'plain',
    verbose: level === 'trace' || level === 'debug',
    // A line of JSON has its time in it.
    timestamps: values.bool('log-timestamp') && !isJson,
  };
}

/** The same as flags of varve's commands that have progress. */
export function logFlags({ progress, verbose }: LogStyle): string[] {
  return [`--progress=${progress}`, ...(verbose ? ['--verbose'] : [])];
}

function usage(flag: string, value: string, known: readonly string[]): VarveError {
  return new VarveError('USAGE', `--${flag} ${value}: it is one of ${known.join(', ')}`, { exitCode: 2 });
}
