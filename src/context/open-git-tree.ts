import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { BytePath } from '../io/byte-path.ts';
import { fromText } from '../io/byte-path.ts';
import type { GitWorkingTree } from '../snapshot/git-blobs.ts';
import { readGitIndex } from '../snapshot/git-index.ts';

/** Attributes with which a file's bytes are not its blob's, though their size may be. */
const CONVERSIONS = ['filter', 'ident', 'working-tree-encoding'];
/** `git check-attr` answers with three fields for each path and attribute; paths have up to 4 KiB. */
const OUTPUT_LIMIT = 1 << 30;

/**
 * Finds the git working tree that a directory lies in, by asking git, and reads its index.
 * @param git the program's absolute path
 * @param root the directory, absolute, by no symlink
 * @returns a reason, for people, when there is nothing to rely on
 */
export async function openGitTree(
  git: string,
  root: string,
  signal: AbortSignal,
): Promise<{ readonly tree: GitWorkingTree } | { readonly reason: string }> {
  // A process that says so takes 15 ms, more than reading a small context.
  if (!liesInRepository(root)) return { reason: 'not a git repository, nor is a directory above it' };
  // fsmonitor would be a program that the repository names.
  const run = (args: readonly string[], input?: Buffer): Promise<Buffer> =>
    runGit(git, ['-C', root, '-c', 'core.fsmonitor=false', ...args], input, signal);
  let answer: string;
  try {
    const asked = ['--show-object-format', '--is-inside-work-tree', '--git-path', 'index', '--show-prefix'];
    answer = (await run(['rev-parse', ...asked])).toString('latin1');
  } catch (error) {
    signal.throwIfAborted();
    return { reason: firstLine(error) };
  }
  const [hash, isInside, path, prefix = '', ...more] = answer.split('\n');
  if ((hash !== 'sha1' && hash !== 'sha256') || isInside !== 'true' || !path || more.length > 1)
    return { reason: 'git does not say where its index is' };
  const file = Buffer.from(path, 'latin1').toString();
  const found = await readIndexFile(isAbsolute(file) ? file : join(root, file));
  if (!found) return { reason: 'the working tree has no index' };
  const index = readGitIndex(found.bytes, { hash, writtenAt: found.writtenAt, prefix });
  if (!index) return { reason: 'git’s index is split, damaged or of a version above 4' };
  return {
    tree: {
      index,
      async converted(paths) {
        if (paths.length === 0) return new Set();
        const input = Buffer.from(`${paths.join('\0')}\0`, 'latin1');
        const fields = (await run(['check-attr', '-z', '--stdin', ...CONVERSIONS], input))
          .toString('latin1')
          .split('\0');
        if (fields.length !== paths.length * CONVERSIONS.length * 3 + 1) return new Set(paths);
        const converted = new Set<BytePath>();
        for (let i = 0; i + 2 < fields.length; i += 3)
          if (fields[i + 2] !== 'unspecified' && fields[i + 2] !== 'unset') converted.add(fields[i]!);
        return converted;
      },
    },
  };
}

/** As git looks for a repository, but for what its environment may name: then files are read. */
function liesInRepository(directory: string): boolean {
  if (existsSync(join(directory, '.git'))) return true;
  const above = dirname(directory);
  return above !== directory && liesInRepository(above);
}

/** Both of one file: git replaces it by rename. */
async function readIndexFile(path: string): Promise<{ bytes: Buffer; writtenAt: bigint } | undefined> {
  try {
    await using file = await open(Buffer.from(fromText(path), 'latin1'));
    const { mtimeNs } = await file.stat({ bigint: true });
    return { bytes: await file.readFile(), writtenAt: mtimeNs };
  } catch {
    return undefined;
  }
}

function runGit(git: string, args: readonly string[], input: Buffer | undefined, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer: OUTPUT_LIMIT, signal } as const;
    const child = execFile(git, [...args], options, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { said: stderr.toString() }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {}); // it ended early: its exit code says so
    child.stdin?.end(input);
  });
}

function firstLine(error: unknown): string {
  const { said, message } = error as Error & { said?: string };
  return (said?.trim() || message).split('\n')[0]!;
}
