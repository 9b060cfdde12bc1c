import { type GitReference, parseGitReference } from '../context/git-reference.ts';
import { VarveError } from '../errors.ts';

/** What a source word of ADD or COPY names. */
export type AddSource =
  | { readonly kind: 'local'; readonly word: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'git'; readonly reference: GitReference };

/** What decides about a list of sources besides the words. */
export interface AddSourceOptions {
  readonly instruction: 'ADD' | 'COPY';
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
}

/**
 * Sorts the sources of ADD or COPY by what they are (BuildKit's rules; a local path that only looks like a git reference
 * is local), git references with what --checksum and --keep-git-dir say.
 * @throws VarveError `ADD_SOURCE` for a URL or git reference in COPY, for a --checksum that has nothing to check and for
 *   one of the two that contradicts the reference, `GIT_REFERENCE`
 */
export function classifyAddSources(words: readonly string[], options: AddSourceOptions): AddSource[] {
  const sources = words.map(classifyAddSource);
  if (options.checksum !== undefined) {
    if (options.instruction === 'COPY') throw refused("checksum can't be specified for COPY");
    if (sources.length !== 1) throw refused("checksum can't be specified for multiple sources");
    if (sources[0]?.kind === 'local') throw refused('checksum requires HTTP(S) or Git sources');
  }
  for (const source of sources) {
    if (source.kind === 'local' || options.instruction === 'ADD') continue;
    throw refused(source.kind === 'git' ? "source can't be a git ref for COPY" : "source can't be a URL for COPY");
  }
  return sources.map((source) =>
    source.kind === 'git' ? { ...source, reference: withOptions(source.reference, options) } : source,
  );
}

/** What one word names. */
export function classifyAddSource(word: string): AddSource {
  const reference = parseGitReference(word);
  if (reference && !reference.looksLocal) return { kind: 'git', reference };
  if (/^https?:\/\//.test(word)) return { kind: 'url', url: word };
  return { kind: 'local', word };
}

function withOptions(reference: GitReference, { checksum, keepGitDir }: AddSourceOptions): GitReference {
  if (checksum !== undefined && reference.checksum !== '' && reference.checksum !== checksum)
    throw refused(`--checksum=${checksum} contradicts the reference's own checksum ${reference.checksum}`);
  if (keepGitDir !== undefined && reference.keepGitDir !== undefined && reference.keepGitDir !== keepGitDir)
    throw refused(`--keep-git-dir=${keepGitDir} contradicts the reference's own keep-git-dir=${reference.keepGitDir}`);
  return {
    ...reference,
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
  };
}

function refused(message: string): VarveError {
  return new VarveError('ADD_SOURCE', message);
}
