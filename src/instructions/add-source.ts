import { VarveError } from '../errors.ts';

/** What a source word of ADD or COPY names. */
export type AddSource =
  | { readonly kind: 'local'; readonly word: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'git'; readonly reference: string };

/** What decides about a list of sources besides the words. */
export interface AddSourceOptions {
  readonly instruction: 'ADD' | 'COPY';
  readonly checksum?: string;
}

/**
 * Sorts the sources of ADD or COPY by what they are (BuildKit's rules; a local path that only looks like a git reference
 * is local). Throws `ADD_SOURCE` for a URL or git reference in COPY and for a --checksum that has nothing to check,
 * `UNSUPPORTED` for git.
 */
export function classifyAddSources(words: readonly string[], options: AddSourceOptions): AddSource[] {
  const sources = words.map(classifyAddSource);
  if (options.checksum !== undefined) {
    if (options.instruction === 'COPY') throw refused("checksum can't be specified for COPY");
    if (sources.length !== 1) throw refused("checksum can't be specified for multiple sources");
    if (sources[0]?.kind === 'local') throw refused('checksum requires HTTP(S) or Git sources');
  }
  for (const source of sources) {
    if (source.kind === 'local') continue;
    if (options.instruction === 'COPY') {
      throw refused(source.kind === 'git' ? "source can't be a git ref for COPY" : "source can't be a URL for COPY");
    }
    if (source.kind === 'git') {
      throw new VarveError('UNSUPPORTED', `ADD of a git repository is not supported yet: ${source.reference}`, {
        hint: 'Clone it in a RUN, or give it as a named context with --build-context.',
      });
    }
  }
  return sources;
}

/** What one word names. */
export function classifyAddSource(word: string): AddSource {
  if (isGitReference(word)) return { kind: 'git', reference: word };
  if (/^https?:\/\//.test(word)) return { kind: 'url', url: word };
  return { kind: 'local', word };
}

/** git:// and ssh:// addresses, user@host:path, and http(s) addresses whose path ends in `.git`. */
function isGitReference(word: string): boolean {
  if (/^(git|ssh|git\+https?|git\+ssh):\/\//.test(word)) return true;
  if (/^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:/.test(word)) return true;
  if (!/^https?:\/\//.test(word)) return false;
  const address = word.split(/[?#]/, 1)[0] ?? '';
  return address.endsWith('.git');
}

function refused(message: string): VarveError {
  return new VarveError('ADD_SOURCE', message);
}
