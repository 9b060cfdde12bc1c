import type { Dockerfile } from '../../dockerfile/ast.ts';
import { expandIn } from './expand.ts';

/** The values of the ARGs before the first FROM. @param automatic those that every build has */
export function globalArguments(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
  automatic: ReadonlyMap<string, string>,
): Map<string, string> {
  // A --build-arg counts for an automatic argument even without an ARG.
  const values = new Map([...automatic].map(([key, value]) => [key, buildArgs.get(key) ?? value]));
  for (const instruction of dockerfile.globals) {
    for (const { key, value } of instruction.args) {
      const given = buildArgs.get(key);
      if (given !== undefined) values.set(key, given);
      else if (value !== undefined) values.set(key, expandIn(dockerfile, instruction.location, value, values));
    }
  }
  return values;
}
