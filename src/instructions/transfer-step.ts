import type { AddInstruction, CopyInstruction, Heredoc } from '../dockerfile/ast.ts';
import { type StageState, withLayerHistory, workdirOf } from './stage-state.ts';
import type { SourceRef, TransferStep } from './step.ts';
import type { Words } from './words.ts';

/** COPY or ADD as a step: every word expanded, the source named. Nothing is read. */
export function planTransfer(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  words: Words,
  tools: { source(name: string): SourceRef; heredoc(body: string): string },
): { state: StageState; step: TransferStep } {
  const expanded = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : words.one(value);
  const sources = instruction.sources.map((source) => words.one(source));
  const dest = words.one(instruction.dest);
  const chown = expanded(instruction.chown);
  const chmod = expanded(instruction.chmod);
  const from = instruction.kind === 'copy' ? instruction.from : undefined;
  const checksum = instruction.kind === 'add' ? expanded(instruction.checksum) : undefined;
  const parents = instruction.kind === 'copy' && instruction.parents;
  const content = ({ content: body, expand }: Heredoc): string => (expand ? tools.heredoc(body) : body);
  const step: TransferStep = {
    kind: instruction.kind,
    location: instruction.location,
    title: instruction.original,
    platform: state.platform,
    from: from === undefined ? { kind: 'context' } : tools.source(from),
    sources,
    heredocs: instruction.heredocs.map((heredoc) => ({ name: heredoc.name, content: content(heredoc) })),
    dest,
    workdir: workdirOf(state),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    link: instruction.link,
    parents,
    exclude: instruction.exclude,
    ...(checksum === undefined ? {} : { checksum }),
    ...(instruction.kind === 'add' && instruction.unpack !== undefined ? { unpack: instruction.unpack } : {}),
    ...(instruction.kind === 'add' && instruction.keepGitDir !== undefined
      ? { keepGitDir: instruction.keepGitDir }
      : {}),
  };
  const flags = [
    parents ? '--parents' : '',
    chown === undefined ? '' : `--chown=${chown}`,
    chmod === undefined ? '' : `--chmod=${chmod}`,
  ];
  const shown = [...flags.filter(Boolean), ...sources, ...instruction.heredocs.map(({ name }) => `<<${name}`), dest];
  return { state: withLayerHistory(state, `${instruction.kind.toUpperCase()} ${shown.join(' ')} # buildkit`), step };
}
