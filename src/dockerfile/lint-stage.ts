import type { ArgInstruction, StageInstruction } from './ast.ts';
import { createLexer, type Expanded, expandHeredoc } from './expand-word.ts';
import { expandedWords } from './expanded-words.ts';
import { lintInstruction } from './lint-instruction.ts';
import { writtenName } from './lint-parsed.ts';
import type { LintPlace, Report } from './linter.ts';
import type { PatternMatcher } from './pattern-matcher.ts';
import { nearest } from './suggest.ts';

/** Arguments for the builder, which no environment holds. */
const NO_VARIABLES: readonly string[] = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'];

/** Of several of these in a stage only the last counts. */
const ONLY_LAST: readonly StageInstruction['kind'][] = ['cmd', 'entrypoint', 'healthcheck'];

/** What is true where an instruction stands. */
export interface LintState {
  /** Values of the variables that its words may use. */
  readonly variables: ReadonlyMap<string, string>;
  /** ARGs declared so far, those without a value too. */
  readonly declared: ReadonlySet<string>;
  /** Whether SHELL was set here or in the base image. */
  readonly hasShell: boolean;
}

export interface LintStageOptions {
  readonly escapeChar: string;
  readonly report: Report;
  /** The ignore file's patterns for what COPY and ADD take from the build context. */
  readonly ignores?: PatternMatcher;
  /** Whether a stage of the file that this one is FROM has a WORKDIR. */
  readonly hasWorkdir: boolean;
  /** False when the base image could not be asked for its variables: then none counts as undefined. */
  readonly knowsBase: boolean;
}

/** Takes a stage's instructions in order, each with what is true before it. */
export type StageLinter = (instruction: StageInstruction, state: LintState) => void;

/** The rules that need to know what an instruction's words come to. Words that cannot be expanded are left to the build. */
export function createStageLinter(options: LintStageOptions): StageLinter {
  const { report, escapeChar, ignores } = options;
  const lexer = createLexer(escapeChar);
  const last = new Map<string, LintPlace>();
  let hasWorkdir = options.hasWorkdir;

  /** What a word comes to; its variables that nobody set are reported. */
  const expand = (body: () => Expanded, { variables, declared }: LintState, at: LintPlace): string | undefined => {
    const word = attempt(body);
    for (const name of options.knowsBase ? (word?.unmatched ?? []) : []) {
      if (declared.has(name) || NO_VARIABLES.includes(name)) continue;
      const option = nearest(name, [...variables.keys()], 'exact case');
      const suggestion = option === undefined ? '' : ` (did you mean $${option}?)`;
      report('UndefinedVar', `Usage of undefined variable '$${name}'${suggestion}`, at);
    }
    return word?.value;
  };

  /** The arguments of one ARG see the ones before them. */
  const lintArgs = (instruction: ArgInstruction, state: LintState): void => {
    const variables = new Map(state.variables);
    const declared = new Set(state.declared);
    for (const { key, value } of instruction.args) {
      const word = value ?? '';
      const expanded = expand(() => lexer.word(word, variables), { ...state, variables, declared }, instruction);
      declared.add(key);
      if (value !== undefined && expanded !== undefined) variables.set(key, expanded);
    }
  };

  return (instruction, state) => {
    const { kind } = instruction;
    const words = expandedWords(instruction).map(
      (word) => expand(() => lexer.word(word, state.variables), state, instruction) ?? word,
    );
    if (kind === 'arg') lintArgs(instruction, state);
    if (kind === 'copy' || kind === 'add')
      for (const { content } of instruction.heredocs.filter((heredoc) => heredoc.expand))
        expand(() => expandHeredoc(content, state.variables), state, instruction);
    const ports =
      kind === 'expose'
        ? (attempt(() => instruction.ports.flatMap((port) => lexer.words(port, state.variables))) ?? [])
        : [];
    lintInstruction(instruction, { words, ports, hasShell: state.hasShell, hasWorkdir, ignores }, report);
    if (kind === 'workdir') hasWorkdir = true;
    if (!ONLY_LAST.includes(kind)) return;
    // The earlier one is at fault: it is the one that does nothing.
    const earlier = last.get(kind);
    last.set(kind, instruction);
    if (earlier === undefined) return;
    const multiple = `Multiple ${writtenName(instruction)} instructions`;
    report(
      'MultipleInstructionsDisallowed',
      `${multiple} should not be used in the same stage because only the last one will be used`,
      earlier,
    );
  };
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
