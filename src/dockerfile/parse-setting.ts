import { onlyArgument, pairsOf, someArguments } from './arguments.ts';
import type {
  EnvInstruction,
  ExposeInstruction,
  LabelInstruction,
  MaintainerInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './ast.ts';
import { parseFlags } from './instruction-flags.ts';
import { INSTRUCTION_FLAGS } from './instruction-table.ts';
import type { DockerfileNode } from './node.ts';
import { syntaxError } from './syntax-error.ts';
import { trimSpace } from './white-space.ts';

export type Setting =
  | EnvInstruction
  | ExposeInstruction
  | LabelInstruction
  | MaintainerInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

/** What one parser gives: the instruction without the place where it stands. */
type Parsed<T> = T extends unknown ? Omit<T, 'location' | 'original'> : never;

/**
 * Instructions that set something in the image's config and have no flags; values are not expanded.
 *
 * @throws VarveError DOCKERFILE_SYNTAX
 */
export function parseSetting(kind: Setting['kind'], node: DockerfileNode): Parsed<Setting> {
  const setting = read(kind, node);
  parseFlags(node.flags, INSTRUCTION_FLAGS[kind]);
  return setting;
}

function read(kind: Setting['kind'], node: DockerfileNode): Parsed<Setting> {
  switch (kind) {
    case 'env':
      return { kind, pairs: pairsOf(node, 'ENV'), ...legacyOf(node) };
    case 'label':
      return { kind, pairs: pairsOf(node, 'LABEL'), ...legacyOf(node) };
    case 'expose':
      return { kind, ports: someArguments(node, 'EXPOSE') };
    case 'volume':
      return { kind, paths: someArguments(node, 'VOLUME').map(volume) };
    case 'user':
      return { kind, user: onlyArgument(node, 'USER') };
    case 'workdir':
      return { kind, path: onlyArgument(node, 'WORKDIR') };
    case 'stopsignal':
      return { kind, signal: onlyArgument(node, 'STOPSIGNAL') };
    case 'maintainer':
      return { kind, maintainer: onlyArgument(node, 'MAINTAINER') };
  }
}

/** The third argument of a pair is `=`, or nothing in the old form. */
function legacyOf({ args }: DockerfileNode): { legacy?: true } {
  return args[2] === '' ? { legacy: true } : {};
}

function volume(word: string): string {
  const path = trimSpace(word);
  if (path === '') throw syntaxError('VOLUME specified can not be an empty string');
  return path;
}
