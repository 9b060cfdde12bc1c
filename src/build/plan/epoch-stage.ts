import type { AddInstruction, Dockerfile, StageInstruction } from '../../dockerfile/ast.ts';
import { type SourceLocation, VarveError } from '../../errors.ts';
import { type AddSource, classifyAddSources } from '../../instructions/add-source.ts';
import { expandIn } from './expand.ts';
import { globalArguments } from './global-arguments.ts';

/** What a source-only stage adds. */
export type EpochSource = Exclude<AddSource, { kind: 'local' }> & {
  readonly checksum?: string;
  readonly location: SourceLocation;
};

/**
 * The one remote source of a stage, whose time SOURCE_DATE_EPOCH is to have: `FROM scratch`, ARGs and one ADD. Undefined
 * when there is no stage of that name.
 * @throws VarveError `DOCKERFILE_VALUE` for a stage that is more than that
 */
export function sourceOfStage(
  dockerfile: Dockerfile,
  name: string,
  buildArgs: ReadonlyMap<string, string>,
): EpochSource | undefined {
  const stage = dockerfile.stages.find((one) => one.name === name.toLowerCase());
  if (!stage) return undefined;
  const values = new Map(globalArguments(dockerfile, buildArgs, new Map()));
  values.delete('SOURCE_DATE_EPOCH');
  const expand = (location: SourceLocation, text: string): string => expandIn(dockerfile, location, text, values);
  const { from } = stage;
  if (expand(from.location, from.image) !== 'scratch') throw refused(name, 'it is not FROM scratch', from.location);
  let source: EpochSource | undefined;
  for (const instruction of stage.instructions) {
    if (instruction.kind === 'arg') {
      for (const { key, value } of instruction.args) {
        const next = buildArgs.get(key) ?? (value === undefined ? undefined : expand(instruction.location, value));
        if (next !== undefined) values.set(key, next);
      }
    } else if (instruction.kind === 'add' && !source) source = sourceOf(name, instruction, expand);
    else throw refused(name, more(instruction), instruction.location);
  }
  if (!source) throw refused(name, 'it has no ADD', from.location);
  return source;
}

function sourceOf(
  name: string,
  { sources, heredocs, location, ...add }: AddInstruction,
  expand: (location: SourceLocation, text: string) => string,
): EpochSource {
  const checksum = add.checksum === undefined ? {} : { checksum: expand(location, add.checksum) };
  const words = sources.map((word) => expand(location, word));
  const [source, ...others] = classifyAddSources(words, { instruction: 'ADD', ...checksum });
  if (!source || source.kind === 'local' || others.length > 0 || heredocs.length > 0)
    throw refused(name, 'its ADD has not one remote source', location);
  return { ...source, ...checksum, location };
}

function more({ kind }: StageInstruction): string {
  return kind === 'add' ? 'it has more than one ADD' : `it has ${kind.toUpperCase()}`;
}

function refused(name: string, why: string, location: SourceLocation): VarveError {
  return new VarveError('DOCKERFILE_VALUE', `SOURCE_DATE_EPOCH=${name}: the stage gives no time: ${why}`, {
    hint: 'such a stage is FROM scratch, ARGs, and one ADD of a URL or a git repository',
    location,
  });
}
