import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ContextSource, contextName } from '../../context/context-source.ts';
import { type GitIndexUse, openDirectoryContext } from '../../context/directory-context.ts';
import type { GitSources } from '../../context/git-source.ts';
import { archiveSource, fileSource, LONE_FILE } from '../../context/http-context.ts';
import { ignoredSource } from '../../context/ignored-source.ts';
import { itemsSource } from '../../context/items-source.ts';
import { normalizeModes } from '../../context/normalize-modes.ts';
import { subSource } from '../../context/sub-source.ts';
import type { UrlFile, UrlFiles } from '../../context/url-files.ts';
import { VarveError } from '../../errors.ts';
import { type BytePath, joinBytes } from '../../io/byte-path.ts';
import { redactUrl } from '../../io/redact.ts';
import { digestOf } from '../../oci/digest.ts';
import type { FileSource } from '../../snapshot/file-source.ts';
import type { Services } from '../services.ts';
import { openArtifact } from './context-artifact.ts';
import { type Contexts, createContexts, type OpenedContext } from './contexts.ts';
import { ignoresOf, readIgnores, rulesOf, sourceIgnores } from './ignore-rules.ts';
import type { NamedContext } from './named-context.ts';
import type { SharedDirectories } from './shared-directories.ts';

export interface ContextsRequest {
  readonly context: ContextSource;
  readonly named: ReadonlyMap<string, NamedContext>;
  /** A Dockerfile on disk: its own ignore file goes before the context's. */
  readonly dockerfile: string | undefined;
  /** Whether `.git` of a git context comes along: the build argument BUILDKIT_CONTEXT_KEEP_GIT_DIR. */
  readonly keepGitDir: boolean;
  readonly gitIndex: GitIndexUse;
  /** Whether files and directories have the modes that git keeps. */
  readonly normalizeModes: boolean;
  readonly directories?: SharedDirectories;
  /** Whether the ignore file of a main context that is no directory counts too, and the path of a Dockerfile in it. */
  readonly ignoreFiles?: { readonly dockerfile: string | undefined } | undefined;
}

/** The contexts of one build, each opened when something reads it first. `.dockerignore` counts in directories only. */
export function openContexts(
  request: ContextsRequest,
  services: Services,
  remote: { readonly git: GitSources; readonly urls: UrlFiles },
): Contexts {
  const read = (name: string, open: () => AsyncIterable<Uint8Array>) => spooled({ name, open }, services);
  const open = async (name: string | undefined): Promise<OpenedContext> => {
    const source = name === undefined ? request.context : request.named.get(name);
    switch (source?.kind) {
      case 'directory':
        return openDirectory(source.path, name, request, services);
      case 'git': {
        const keep = name === undefined && request.keepGitDir ? { keepGitDir: true } : {};
        const tree = await remote.git.resolve({ ...source.reference, ...keep });
        return { ...unchanging(await tree.files()), epoch: tree.committed };
      }
      case 'http': {
        const file = await remote.urls.get(source.url);
        const isUnpacked = name === undefined || source.subPath !== undefined;
        const unpacked = isUnpacked ? await unpack(file.path, redactUrl(source.url), services) : undefined;
        const epoch = async () => lastModified(file) ?? (unpacked ? newest(unpacked) : undefined);
        if (!unpacked) return { ...unchanging(fileSource(file)), epoch, dockerfile: LONE_FILE };
        return { ...unchanging(await subSource(unpacked, source.subPath, redactUrl(source.url))), epoch };
      }
      case 'archive':
        return dated(await subSource(await spooled(source, services), source.subPath, source.name));
      case 'artifact':
        return dated(
          await subSource(await openArtifact(source.reference, read, services), source.subPath, contextName(source)),
        );
      case 'empty':
        return unchanging(itemsSource([]));
      default:
        throw new VarveError('INTERNAL', `${name} is not a context of files`);
    }
  };
  return createContexts(async (name) => {
    const opened = await open(name);
    const seen = name === undefined ? await withIgnores(opened, request) : opened;
    return request.normalizeModes ? { ...seen, source: normalizeModes(seen.source) } : seen;
  });
}

/** As kaniko takes an archive or a repository: like the directory that it is unpacked to. */
async function withIgnores(
  opened: OpenedContext,
  { context, dockerfile, ignoreFiles }: ContextsRequest,
): Promise<OpenedContext> {
  if (!ignoreFiles || context.kind === 'directory' || opened.dockerfile !== undefined) return opened;
  const { source } = opened;
  const rules = await sourceIgnores(source, { onDisk: dockerfile, inContext: ignoreFiles.dockerfile });
  return rules ? { ...opened, source: await ignoredSource(source, ignoresOf(rules)), whole: source } : opened;
}

async function openDirectory(
  path: string,
  name: string | undefined,
  { dockerfile, gitIndex, directories }: ContextsRequest,
  { store, libc, clock, log, program, progress, signal }: Services,
): Promise<OpenedContext> {
  const shared = { catalog: store.catalog, libc, clock, log, program, signal, gitIndex };
  const rules = await readIgnores(path, name === undefined ? dockerfile : undefined);
  const open = async (): Promise<OpenedContext> => {
    const ignores = rulesOf(rules);
    const { source, flush } = await openDirectoryContext({
      path,
      ...shared,
      ...(ignores ? { ignores: ignoresOf(ignores), ignoresId: digestOf(rules ?? '') } : {}),
    });
    return {
      source,
      async flush() {
        await flush();
        progress({ type: 'context-read', context: name ?? '', ...source.counters, time: clock.now() });
      },
    };
  };
  return directories ? directories.open([path, gitIndex, rules?.toString('latin1') ?? ''], open) : open();
}

/** A stream on disk, then as files. */
async function spooled(
  { name, open }: Pick<Extract<ContextSource, { kind: 'archive' }>, 'name' | 'open'>,
  services: Services,
): Promise<FileSource> {
  const temp = await services.store.makeTemp('context');
  const file = join(temp.path, 'archive');
  await pipeline(open(), createWriteStream(file, { mode: 0o600 }), { signal: services.signal });
  const source = await unpack(file, name, services);
  if (source) return source;
  throw new VarveError('CONTEXT_ARCHIVE', `the build context ${name} is no tar archive`, {
    hint: 'give a tar, plain or compressed with gzip, bzip2, xz or zstd',
  });
}

async function unpack(path: string, name: string, services: Services): Promise<FileSource | undefined> {
  const { program, signal } = services;
  const directory = join((await services.store.makeTemp('context')).path, 'files');
  await mkdir(directory);
  try {
    return await archiveSource(path, { directory, program, signal });
  } catch (error) {
    if (!(error instanceof VarveError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new VarveError(error.code, `the build context ${name}: ${error.message}`, { ...hint, cause: error });
  }
}

/** The time of a download, seconds since 1970: Last-Modified, else the newest in it when it is an archive. */
export async function fileTime(file: UrlFile, name: string, services: Services): Promise<number | undefined> {
  const time = lastModified(file);
  if (time !== undefined) return time;
  const unpacked = await unpack(file.path, name, services);
  return unpacked && newest(unpacked);
}

function lastModified({ mtime }: UrlFile): number | undefined {
  return Number(mtime / NS_PER_S) || undefined;
}

/** With the newest mtime of its files as its own time. */
function dated(source: FileSource): OpenedContext {
  return { ...unchanging(source), epoch: () => newest(source) };
}

async function newest(source: FileSource): Promise<number | undefined> {
  const below = async (path: BytePath): Promise<bigint> => {
    let time = 0n;
    for (const { name, entry } of await source.list(path)) {
      // As BuildKit: the times of directories and links are accidents.
      const own = entry.type === 'dir' ? await below(joinBytes(path, name)) : entry.type === 'file' ? entry.mtime : 0n;
      if (own > time) time = own;
    }
    return time;
  };
  return Number((await below('')) / NS_PER_S) || undefined;
}

const NS_PER_S = 1_000_000_000n;

function unchanging(source: FileSource): OpenedContext {
  return { source, flush: async () => {} };
}
