import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, posix, resolve } from 'node:path';
import type { BuildRequest } from '../build/build.ts';
import type { DockerfileSource } from '../build/plan/load-dockerfile.ts';
import { type BucketAccess, bucketContext } from '../context/bucket-context.ts';
import type { ContextSource } from '../context/context-source.ts';
import { parseGitReference } from '../context/git-reference.ts';
import { looksLikeArchive } from '../context/http-context.ts';
import { VarveError } from '../errors.ts';
import { parseReference } from '../oci/reference.ts';

/** Standard input. */
export type Stdin = AsyncIterable<Uint8Array | string>;

type Request = Pick<BuildRequest, 'context' | 'dockerfile'>;

/** What a context is read with, besides its address. */
export interface ContextReading {
  readonly stdin: Stdin;
  /** A directory in the context that is the context. */
  readonly subPath?: string | undefined;
  readonly buckets: BucketAccess;
}

/** What a tar's kind is seen from: its first block. */
const HEAD_BYTES = 512;

/**
 * What the context argument and --file mean together, as docker buildx takes them: a directory that is there goes before
 * everything that looks like an address.
 * `dir://PATH` is a directory, `tar://FILE` an archive, `tar://stdin` stdin, as in kaniko.
 * @param file --file
 * @throws VarveError `USAGE`, `CONTEXT_MISSING`, `DOCKERFILE_MISSING`, `GIT_REFERENCE`
 */
export async function readContextArgument(
  text: string,
  file: string | undefined,
  { stdin, subPath, buckets }: ContextReading,
): Promise<Request> {
  if (text === '-' || text === 'tar://stdin') return withSubPath(await fromStdin(file, stdin), subPath);
  if (text === '') throw usage('the build context is empty', 'give a directory, for example .');
  const path = text.startsWith(DIRECTORY) ? text.slice(DIRECTORY.length) : text;
  if (await isDirectory(path)) {
    const directory = resolve(path, subPath ?? '.');
    const dockerfile = await besides(subPath === undefined ? path : join(path, subPath), file, stdin);
    return { context: { kind: 'directory', path: directory }, dockerfile };
  }
  const context = remoteContext(text, buckets);
  if (!context) {
    throw new VarveError('CONTEXT_MISSING', `the build context ${text} is not a directory`, {
      hint: 'a tar archive is given as tar://FILE, or on stdin: varve build - < FILE',
    });
  }
  const isBeside = file !== undefined && (file === '-' || isUrl(file) || isArtifact(file) || isAbsolute(file));
  return withSubPath({ context, dockerfile: isBeside ? await besides('', file, stdin) : inContext(file) }, subPath);
}

const DIRECTORY = 'dir://';
const ARCHIVE = 'tar://';
const ARTIFACT = 'oci-artifact://';

/**
 * A context whose files are in an archive: `tar://FILE`, an OCI artifact, or an object of a bucket; undefined for anything else.
 * @throws VarveError `REFERENCE_INVALID`
 */
export function archiveAddress(text: string, buckets: BucketAccess): ContextSource | undefined {
  if (isArtifact(text)) return { kind: 'artifact', reference: parseReference(text.slice(ARTIFACT.length)) };
  return text.startsWith(ARCHIVE) ? archiveContext(text.slice(ARCHIVE.length)) : bucketContext(text, buckets);
}

/** A context that is no directory; undefined for a text that is no address of one. @throws VarveError `GIT_REFERENCE` */
function remoteContext(text: string, buckets: BucketAccess): ContextSource | undefined {
  const archive = archiveAddress(text, buckets);
  if (archive) return archive;
  const reference = parseGitReference(text);
  if (reference) return { kind: 'git', reference };
  return isUrl(text) ? { kind: 'http', url: text } : undefined;
}

function archiveContext(path: string): ContextSource {
  async function* open(): AsyncGenerator<Uint8Array> {
    try {
      yield* createReadStream(resolve(path)) as AsyncIterable<Buffer>;
    } catch (error) {
      throw new VarveError('CONTEXT_MISSING', `the build context ${ARCHIVE}${path} cannot be read`, {
        hint: (error as Error).message,
        cause: error,
      });
    }
  }
  return { kind: 'archive', name: path, open };
}

/** The context from a directory in it on. */
export function withSubPath({ context, dockerfile }: Request, subPath: string | undefined): Request {
  if (subPath === undefined || context.kind === 'empty' || context.kind === 'directory') return { context, dockerfile };
  if (context.kind !== 'git') return { context: { ...context, subPath }, dockerfile };
  const subdir = posix.join(context.reference.subdir, subPath);
  return { context: { ...context, reference: { ...context.reference, subdir } }, dockerfile };
}

function isArtifact(text: string): boolean {
  return text.startsWith(ARTIFACT);
}

function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

function inContext(file: string | undefined): DockerfileSource {
  return { kind: 'context', ...(file === undefined ? {} : { path: file }) };
}

/** A Dockerfile on this machine, on stdin, or somewhere else. */
async function besides(directory: string, file: string | undefined, stdin: Stdin): Promise<DockerfileSource> {
  if (file === '-') return { kind: 'given', path: '-', bytes: await collect(stdin) };
  if (file !== undefined && isUrl(file)) return { kind: 'url', url: file };
  if (file !== undefined && isArtifact(file))
    return { kind: 'artifact', reference: parseReference(file.slice(ARTIFACT.length)) };
  if (file !== undefined) return { kind: 'given', path: file, bytes: await readDockerfile(file) };
  const path = join(directory, 'Dockerfile');
  try {
    return { kind: 'given', path, bytes: await readDockerfile(path) };
  } catch (error) {
    // Both spellings are found, as with docker.
    const lower = join(directory, 'dockerfile');
    const bytes = await readFile(lower).catch(() => undefined);
    if (bytes === undefined) throw error;
    return { kind: 'given', path: lower, bytes };
  }
}

/** An archive is the context; anything else is the Dockerfile of a build without files. */
async function fromStdin(file: string | undefined, stdin: Stdin): Promise<Request> {
  if (file === '-') throw usage("invalid argument: can't use stdin for both build context and dockerfile");
  const { head, all } = await peek(stdin);
  if (head.length === 0) throw usage('the build context on stdin is empty', 'varve build - < FILE');
  if (looksLikeArchive(head))
    return { context: { kind: 'archive', name: '-', open: all }, dockerfile: inContext(file) };
  if (file !== undefined)
    throw usage('ambiguous Dockerfile source: both stdin and --file are Dockerfiles', 'leave one of them out');
  return { context: { kind: 'empty' }, dockerfile: { kind: 'given', path: '-', bytes: await collect(all()) } };
}

/** The first bytes of a stream; `all` gives the whole stream, once. */
async function peek(stream: Stdin): Promise<{ head: Buffer; all(): AsyncGenerator<Buffer> }> {
  const iterator = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, Buffer.from(value as Uint8Array)]);
  }
  return {
    head,
    async *all() {
      yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next())
        yield Buffer.from(next.value as Uint8Array);
    },
  };
}

async function collect(stream: Stdin): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The bytes of a Dockerfile on disk. @throws VarveError `DOCKERFILE_MISSING` */
export async function readDockerfile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new VarveError('DOCKERFILE_MISSING', `the Dockerfile ${path} cannot be read: ${code ?? 'error'}`, {
      hint: 'name it with --file, and end the command with the context directory',
      cause: error,
    });
  }
}

function usage(message: string, hint?: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
