import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DockerfileSource } from '../../build/plan/load-dockerfile.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { type GitReference, isCommitId } from '../../context/git-reference.ts';
import { VarveError } from '../../errors.ts';
import { bucketAccess } from '../bucket-access.ts';
import type { BuildSource } from '../build-request.ts';
import { readContextArgument, readDockerfile, type Stdin, withSubPath } from '../context-argument.ts';
import { parseGoBool } from './parse-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The flags that say where files come from. */
export interface ContextFlags {
  readonly context: string;
  readonly bucket?: string | undefined;
  readonly subPath?: string | undefined;
  readonly dockerfile: string;
  /** `branch=…` and the like. */
  readonly git: readonly string[];
}

const GIT = 'git://';
const BUCKET_OBJECT = 'context.tar.gz';

/**
 * The context and the Dockerfile as kaniko finds them: a Dockerfile is looked for from the working directory, then in
 * the context, and `.dockerignore` counts in contexts of every kind.
 * @throws VarveError `USAGE`, `CONTEXT_MISSING`, `DOCKERFILE_MISSING`
 */
export async function kanikoSource(
  flags: ContextFlags,
  { env, stdin, signal }: { readonly env: Environment; readonly stdin: Stdin; readonly signal: AbortSignal },
): Promise<BuildSource> {
  const text = flags.bucket ? bucketAddress(flags.bucket) : flags.context;
  const { dockerfile: file, subPath } = flags;
  const here = await dockerfileHere(file);
  const inContext = file.replace(/^(?:\.?\/)+/, '');
  if (text.startsWith(GIT)) {
    const context = { kind: 'git', reference: gitReference(text, flags.git, env) } as const;
    const source = withSubPath({ context, dockerfile: here ?? { kind: 'context', path: inContext } }, subPath);
    return { ...source, ignoreFiles: true, gitSecrets: gitSecrets(source.context, env) };
  }
  if (flags.git.length) throw usage(`--git is for contexts of git://, and --context is ${text}`);
  const directory = text.replace(/^dir:\/\//, '');
  const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
  // What is beside the context was read; in a directory it is read at once, in anything else later.
  const beside = here?.kind === 'url' ? here.url : resolve(file);
  const given = isDirectory ? (here ? beside : join(directory, subPath ?? '.', file)) : inContext;
  const source = await readContextArgument(text, given, { stdin, subPath, buckets: bucketAccess(env, signal) });
  return { ...source, ...(here ? { dockerfile: here } : {}), ignoreFiles: true };
}

/** A Dockerfile that is not in the context; undefined when there is none. */
async function dockerfileHere(file: string): Promise<DockerfileSource | undefined> {
  if (/^https?:\/\//.test(file)) return { kind: 'url', url: file };
  if (!existsSync(file)) return undefined;
  const path = resolve(file);
  return { kind: 'given', path, bytes: await readDockerfile(path) };
}

function bucketAddress(bucket: string): string {
  const address = bucket.includes('://') ? bucket : `gs://${bucket}`;
  return /^[a-z0-9]+:\/\/[^/]+\/?$/.test(address) ? `${address.replace(/\/$/, '')}/${BUCKET_OBJECT}` : address;
}

/**
 * `git://HOST/REPOSITORY[#REF[#COMMIT]]`, with what --git says; the repository is fetched over https. `.git` is part of
 * the context, as kaniko clones it there.
 */
function gitReference(text: string, options: readonly string[], env: Environment): GitReference {
  const [address = '', ref = '', commit = ''] = text.slice(GIT.length).split('#');
  const { branch, submodules, skipTlsVerify } = gitOptions(options);
  const method = env.GIT_PULL_METHOD === 'http' ? 'http' : 'https';
  const remote = `${method}://${address}`;
  const wanted = commit || (isCommitId(ref) ? ref : branch || ref);
  if (address === '') throw usage(`--context ${text}: the repository is missing`);
  if (wanted.startsWith('-'))
    throw usage(`--context ${text}: ${JSON.stringify(wanted)} is no name of a branch, tag or commit`);
  return {
    remote,
    shortName: remote.slice(remote.lastIndexOf('/') + 1).replace(/\.git$/, ''),
    ref: wanted,
    checksum: '',
    subdir: '',
    looksLocal: false,
    keepGitDir: true,
    submodules,
    fetchByCommit: false,
    ...(skipTlsVerify ? { skipTlsVerify } : {}),
  };
}

function gitOptions(options: readonly string[]) {
  const values = new Map(options.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]));
  const bool = (name: string): boolean => {
    const value = values.get(name);
    const parsed = value === undefined ? false : parseGoBool(value);
    if (parsed === undefined) throw usage(`--git ${name}=${value}: it is true or false`);
    return parsed;
  };
  const known = ['branch', 'single-branch', 'depth', 'recurse-submodules', 'insecure-skip-tls'];
  for (const name of values.keys())
    if (!known.includes(name)) throw usage(`--git ${name}: it is one of ${known.join('=, ')}=`);
  bool('single-branch'); // varve fetches one commit, whatever is said here
  if (!/^\d*$/.test(values.get('depth') ?? '')) throw usage(`--git depth=${values.get('depth')}: it is a whole number`);
  return {
    branch: values.get('branch') ?? '',
    submodules: bool('recurse-submodules'),
    skipTlsVerify: bool('insecure-skip-tls'),
  };
}

/** GIT_TOKEN goes before GIT_USERNAME and GIT_PASSWORD; they are for the context's host, and no RUN can read them. */
function gitSecrets(context: ContextSource, env: Environment): ReadonlyMap<string, string> {
  const user = env.GIT_TOKEN || env.GIT_USERNAME || '';
  const password = env.GIT_TOKEN ? '' : (env.GIT_PASSWORD ?? '');
  if (context.kind !== 'git' || (user === '' && password === '')) return new Map();
  const { host } = new URL(context.reference.remote);
  return new Map([[`GIT_AUTH_HEADER.${host}`, `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]]);
}

function usage(message: string): VarveError {
  return new VarveError('USAGE', message, { exitCode: 2 });
}
