import { csvFields } from './csv-fields.ts';
import { didYouMean } from './suggest.ts';
import { syntaxError } from './syntax-error.ts';

/** RUN --device. */
export interface Device {
  /** A CDI name such as `vendor.com/class=name`. */
  readonly name: string;
  readonly required: boolean;
}

const KEYS = ['name', 'required'];

/** Reads `name[,required[=bool]]`. @throws VarveError DOCKERFILE_SYNTAX */
export function parseDevice(text: string): Device {
  let name = '';
  let required = false;
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      required = value === undefined || parseBoolean(key, value);
    } else if (key === 'name' && value !== undefined) {
      if (name !== '') throw syntaxError(`device name already set to ${name}`);
      name = value;
    } else if (name === '') {
      name = field;
    } else if (value === undefined) {
      throw syntaxError(`invalid field '${field}' must be a key=value pair`);
    } else {
      throw syntaxError(`unexpected key '${key}' in '${field}'${didYouMean(key, KEYS)}`);
    }
  }
  return { name, required };
}

/** As Go's strconv.ParseBool. */
function parseBoolean(key: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw syntaxError(`invalid value for ${key}: ${value}`, undefined, 'write true or false');
}
