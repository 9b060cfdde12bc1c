import type { GitSources } from '../../context/git-source.ts';
import { type UrlFiles, urlFileName } from '../../context/url-files.ts';
import { classifyAddSources } from '../../instructions/add-source.ts';
import { addUrl, parseChecksum } from '../../instructions/add-url.ts';
import type { GivenFile, PendingSource } from '../../instructions/copy-request.ts';
import type { TransferStep } from '../../instructions/step.ts';

export interface AddedSourcesDeps {
  readonly urls: UrlFiles;
  readonly git: GitSources;
  /** Told of a flag that has nothing to work on. */
  warn(text: string): void;
}

/**
 * What a step's words name. A commit and a checksum say what the files are, so they wait until the step runs; a URL
 * without a checksum is asked now: its content is part of the key.
 */
export async function addedSources(
  step: TransferStep,
  { urls, git, warn }: AddedSourcesDeps,
): Promise<(string | GivenFile | PendingSource)[]> {
  const { checksum, keepGitDir } = step;
  const words = classifyAddSources(step.sources, {
    instruction: step.kind === 'add' ? 'ADD' : 'COPY',
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
  });
  if (keepGitDir && !words.some(({ kind }) => kind === 'git'))
    warn(`--keep-git-dir has no effect: none of the sources of "${step.title}" is a git repository`);
  const sources: (string | GivenFile | PendingSource)[] = [];
  for (const word of words) {
    if (word.kind === 'local') sources.push(word.word);
    else if (word.kind === 'git') {
      const tree = await git.resolve(word.reference);
      sources.push({ key: `git ${tree.key}`, open: tree.files });
    } else {
      const { url } = word;
      const unpack = step.unpack === true;
      const open = (): Promise<GivenFile> =>
        addUrl(url, { urls, unpack, ...(checksum === undefined ? {} : { checksum }) });
      sources.push(
        checksum === undefined ? await open() : { key: `url ${parseChecksum(checksum)} ${urlFileName(url)}`, open },
      );
    }
  }
  return sources;
}
