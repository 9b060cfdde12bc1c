import { toNumber, toText, unified, unsuitable } from '../values/convert.ts';
import { index } from '../values/evaluate.ts';
import { toSet } from '../values/type-constraint.ts';
import { areEqual, hasField, isList, isObject, makeObject, type Value } from '../values/value.ts';
import { type BakeFunction, refuse, takes, takesMore } from './signature.ts';

/** Lists, maps and sets. */
export const COLLECTION_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  chunklist: takes(['list', 'number'], (list, size) => {
    if (size < 0) throw refuse('the size of a chunk must not be negative');
    const width = size === 0 ? Math.max(list.length, 1) : size;
    return Array.from({ length: Math.ceil(list.length / width) }, (_, i) => list.slice(i * width, (i + 1) * width));
  }),
  coalesce: takesMore([], 'nullable', (values) => {
    const found = values.find((value) => value !== null);
    if (found === undefined) throw refuse('no argument is other than null');
    return values.reduce((chosen, other) => unified(chosen, other), found);
  }),
  coalescelist: takesMore([], 'nullable', (lists) => {
    const found = lists.find((list) => list !== null && isList(list) && list.length > 0);
    if (found === undefined) throw refuse('no argument is a list with items');
    return found;
  }),
  compact: takes(['list'], (list) => list.filter((each) => each !== null && each !== '').map(toText)),
  concat: takesMore(['list'], 'list', (more, first) => [first, ...more].flat()),
  contains: takes(['list', 'nullable'], (list, value) => list.some((each) => areEqual(each, value))),
  distinct: takes(['list'], (list) => list.filter((each, i) => list.findIndex((other) => areEqual(other, each)) === i)),
  element: takes(['list', 'number'], (list, at) => {
    if (list.length === 0) throw refuse('an empty list has no elements');
    return list[((at % list.length) + list.length) % list.length]!;
  }),
  flatten: takes(['list'], flatten),
  hasindex: takes(['any', 'any'], (value, key) => {
    if (isObject(value)) return typeof key === 'string' && hasField(value, key);
    if (!isList(value)) throw unsuitable('list or map', value);
    return typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < value.length;
  }),
  index: takes(['any', 'any'], index),
  indexof: takes(['list', 'nullable'], (list, value) => {
    if (list.length === 0) throw refuse('cannot search an empty list');
    const at = list.findIndex((each) => areEqual(each, value));
    if (at < 0) throw refuse('item not found');
    return at;
  }),
  keys: takes(['object'], (object) => Object.keys(object)),
  length: takes(['any'], (value) => {
    if (isList(value)) return value.length;
    if (isObject(value)) return Object.keys(value).length;
    throw unsuitable('list or map', value);
  }),
  lookup: takes(['object', 'text', 'nullable'], (object, key, otherwise) =>
    hasField(object, key) ? object[key]! : otherwise,
  ),
  merge: takesMore([], 'nullable', (objects) =>
    makeObject(
      objects.flatMap((each) => {
        if (each !== null && !isObject(each)) throw unsuitable('map or object', each);
        return Object.entries(each ?? {});
      }),
    ),
  ),
  range: takesMore(['number'], 'number', (more, first) => range([first, ...more])),
  reverselist: takes(['list'], (list) => [...list].reverse()),
  sethaselement: takes(['list', 'any'], (set, value) => set.some((each) => areEqual(each, value))),
  setintersection: takesMore(['list'], 'list', (more, first) =>
    toSet(first.filter((each) => more.every((set) => set.some((other) => areEqual(other, each))))),
  ),
  setproduct: takesMore([], 'list', (lists) => {
    if (lists.length < 2) throw refuse('it takes at least two arguments');
    return lists.reduce<Value[][]>((all, list) => all.flatMap((each) => list.map((item) => [...each, item])), [[]]);
  }),
  setsubtract: takes(['list', 'list'], (a, b) => toSet(a.filter((each) => !b.some((other) => areEqual(other, each))))),
  setsymmetricdifference: takesMore(['list'], 'list', (more, first) =>
    more.reduce<readonly Value[]>((a, b) => {
      const only = (x: readonly Value[], y: readonly Value[]): Value[] =>
        x.filter((each) => !y.some((other) => areEqual(other, each)));
      return toSet([...only(a, b), ...only(b, a)]);
    }, toSet(first)),
  ),
  setunion: takesMore(['list'], 'list', (more, first) => toSet([first, ...more].flat())),
  slice: takes(['list', 'number', 'number'], (list, from, to) => {
    if (from < 0 || to > list.length || from > to)
      throw refuse(`${from} to ${to} is not within the list's ${list.length}`);
    return list.slice(from, to);
  }),
  values: takes(['object'], (object) => Object.values(object)),
  zipmap: takes(['texts', 'list'], (keys, values) => {
    if (keys.length !== values.length) throw refuse(`there are ${keys.length} keys and ${values.length} values`);
    return makeObject(keys.map((key, i) => [key, values[i]!] as const));
  }),
};

function flatten(list: readonly Value[]): Value[] {
  return list.flatMap((each) => (isList(each) ? flatten(each) : [each]));
}

/** More is a mistake: go-cty has the same limit. */
const MAX_RANGE = 1024;

function range(numbers: readonly number[]): number[] {
  if (numbers.length > 3) throw refuse('it takes one, two or three numbers');
  const [from, to] = numbers.length === 1 ? [0, numbers[0]!] : [numbers[0]!, numbers[1]!];
  const step = numbers[2] ?? (to < from ? -1 : 1);
  if (step === 0 || to - from < 0 !== step < 0)
    if (to !== from) throw refuse('the step does not lead from the start to the end');
  const list: number[] = [];
  for (let at = from; step < 0 ? at > to : at < to; at = toNumber(at + step)) {
    list.push(at);
    if (list.length > MAX_RANGE) throw refuse(`more than ${MAX_RANGE} values`);
  }
  return list;
}
