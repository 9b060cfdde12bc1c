/** A value of a bake file's expressions. Sets are sorted lists; a number is a double. */
export type Value = string | number | boolean | null | readonly Value[] | ValueObject;

export interface ValueObject {
  readonly [name: string]: Value;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isObject(value: Value): value is ValueObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with its keys in order, as maps are walked; without a prototype. */
export function makeObject(entries: Iterable<readonly [string, Value]>): ValueObject {
  const object = Object.create(null) as Record<string, Value>;
  for (const [name, value] of [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) object[name] = value;
  return object;
}

/** Whether an object has a field of its own. */
export function hasField(object: ValueObject, name: string): boolean {
  return Object.hasOwn(object, name);
}

/** Types count: 1 is not "1". */
export function areEqual(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((each, i) => areEqual(each, b[i]!));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => hasField(b, name) && areEqual(a[name]!, b[name]!))
  );
}

/** As error messages call it. */
export function typeName(value: Value): string {
  if (value === null) return 'null';
  if (isList(value)) return 'list';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
