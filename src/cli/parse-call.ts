import { didYouMean } from '../dockerfile/suggest.ts';
import { VarveError } from '../errors.ts';

const METHODS = ['build', 'check', 'outline', 'targets'] as const;
const FORMATS = ['text', 'json'] as const;

export type CallMethod = (typeof METHODS)[number];
export type CallFormat = (typeof FORMATS)[number];

/** What --call asks for. */
export interface Call {
  readonly method: CallMethod;
  readonly format: CallFormat;
  /** `ignorestatus=true`: warnings don't make the exit status. */
  readonly ignoreStatus: boolean;
}

/**
 * Reads `method[,format=text|json][,ignorestatus=bool]`; `lint` is another name of `check`.
 * @throws VarveError USAGE
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#call
 */
export function parseCall(text: string): Call {
  let call: Call = { method: 'build', format: 'text', ignoreStatus: false };
  let method: string | undefined;
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const value = field.slice(equals + 1);
    if (equals < 0) {
      if (method !== undefined) throw usage(text, `it names two methods, ${method} and ${field}`);
      method = field;
      call = { ...call, method: methodOf(text, field) };
    } else if (field.startsWith('format=')) {
      const format = FORMATS.find((known) => known === value);
      if (format === undefined)
        throw usage(text, `the format is ${FORMATS.join(' or ')}, not ${JSON.stringify(value)}`);
      call = { ...call, format };
    } else if (field.startsWith('ignorestatus=')) {
      if (!/^(?:1|t|true|0|f|false)$/i.test(value)) throw usage(text, 'ignorestatus is true or false');
      call = { ...call, ignoreStatus: /^[1t]/i.test(value) };
    } else throw usage(text, `${JSON.stringify(field)} is none of format=, ignorestatus=`);
  }
  return call;
}

function methodOf(text: string, name: string): CallMethod {
  const method = METHODS.find((known) => known === (name === 'lint' ? 'check' : name));
  if (method !== undefined) return method;
  throw usage(text, `the method is ${METHODS.join(', ')}, not ${JSON.stringify(name)}${didYouMean(name, METHODS)}`);
}

function usage(text: string, what: string): VarveError {
  return new VarveError('USAGE', `--call ${text}: ${what}`, { exitCode: 2 });
}
