import { VarveError } from '../../errors.ts';
import { toBool, toNumber, toText, unsuitable } from '../values/convert.ts';
import { isList, isObject, typeName, type Value, type ValueObject } from '../values/value.ts';

/** A function of a bake file's expressions. Throws VarveError. */
export type BakeFunction = (args: readonly Value[]) => Value;

/** What a parameter takes, and what it is then. */
interface Kinds {
  text: string;
  number: number;
  bool: boolean;
  /** Anything but null. */
  any: Value;
  nullable: Value;
  list: readonly Value[];
  texts: readonly string[];
  object: ValueObject;
}

type Kind = keyof Kinds;
type Arguments<P extends readonly Kind[]> = { [I in keyof P]: Kinds[P[I]] };

/** A function of so many parameters. */
export function takes<const P extends readonly Kind[]>(kinds: P, run: (...args: Arguments<P>) => Value): BakeFunction {
  return (args) => {
    if (args.length !== kinds.length) throw wrongCount(String(kinds.length), args.length);
    return run(...(args.map((arg, i) => convert(kinds[i]!, arg)) as unknown as Arguments<P>));
  };
}

/** One with any number of further arguments of one kind. */
export function takesMore<const P extends readonly Kind[], R extends Kind>(
  kinds: P,
  rest: R,
  run: (more: readonly Kinds[R][], ...args: Arguments<P>) => Value,
): BakeFunction {
  return (args) => {
    if (args.length < kinds.length) throw wrongCount(`at least ${kinds.length}`, args.length);
    const first = kinds.map((kind, i) => convert(kind, args[i]!)) as unknown as Arguments<P>;
    const more = args.slice(kinds.length).map((arg) => convert(rest, arg) as Kinds[R]);
    return run(more, ...first);
  };
}

function wrongCount(wanted: string, found: number): VarveError {
  return new VarveError('BAKE_VALUE', `it takes ${wanted} arguments, and ${found} are given`);
}

function convert(kind: Kind, value: Value): Kinds[Kind] {
  if (kind === 'nullable') return value;
  if (value === null) throw new VarveError('BAKE_VALUE', 'an argument must not be null');
  switch (kind) {
    case 'text':
      return toText(value);
    case 'number':
      return toNumber(value);
    case 'bool':
      return toBool(value);
    case 'list':
      if (!isList(value)) throw unsuitable('list', value);
      return value;
    case 'texts':
      if (!isList(value)) throw unsuitable('list', value);
      return value.map((each) => toText(each));
    case 'object':
      if (!isObject(value)) throw unsuitable(`map or object, not ${typeName(value)}`, value);
      return value;
    default:
      return value;
  }
}

/** What a function says of its arguments. */
export function refuse(message: string): VarveError {
  return new VarveError('BAKE_VALUE', message);
}
