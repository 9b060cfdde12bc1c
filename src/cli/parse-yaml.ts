import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { VarveError } from '../errors.ts';

/**
 * Reads a YAML file that people write by hand.
 * @param file how messages call it
 * @returns what the schema makes of it
 * @throws VarveError `YAML_INVALID` at the line of the first thing that the schema doesn't have
 */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const refuse = (message: string, offset: number): VarveError => {
    const { line } = lines.linePos(offset);
    const location = { file, start: line, end: line };
    return new VarveError('YAML_INVALID', message, { location, source: text, exitCode: 2 });
  };
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) throw refuse(fault.message, fault.pos[0]);
  // A few aliases of aliases make a bomb of a short file.
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw refuse(`it cannot be read: ${(error as Error).message}`, document.contents?.range?.[0] ?? 0);
  }
  const result = schema.safeParse(content ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code !== 'unrecognized_keys') {
    const name = issue.path.join('.');
    throw refuse(`${name ? `${name}: ` : ''}${issue.message}`, offsetOf(document, issue.path));
  }
  const path = [...issue.path, issue.keys[0]!];
  throw refuse(`${path.join('.')}: there is no such key here`, offsetOf(document, path));
}

/** Where the key of a path is, else the last thing above it that is there. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const pair = isMap(parent) ? parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === last) : undefined;
    const node = (pair?.key ?? document.getIn(path.slice(0, length), true)) as
      | { range?: readonly number[] }
      | undefined;
    const offset = node?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return document.contents?.range?.[0] ?? 0;
}
