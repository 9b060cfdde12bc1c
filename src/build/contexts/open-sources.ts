import type { ContextSource } from '../../context/context-source.ts';
import type { GitIndexUse } from '../../context/directory-context.ts';
import type { ReadSecret } from '../../context/git-auth.ts';
import type { GitTrees } from '../../context/git-files.ts';
import { createGitSources } from '../../context/git-source.ts';
import { createUrlFiles } from '../../context/url-files.ts';
import type { PatternMatcher } from '../../dockerfile/pattern-matcher.ts';
import { createTreeReach } from '../../snapshot/tree-reach.ts';
import type { PlatformImage } from '../images/build-result.ts';
import { createSecrets, type SecretValue } from '../mounts/secrets.ts';
import { createSshAgents } from '../mounts/ssh-agents.ts';
import type { SshSocket } from '../mounts/ssh-forward.ts';
import type { DockerfileSource } from '../plan/load-dockerfile.ts';
import type { Services } from '../services.ts';
import { loadIgnores } from './ignore-rules.ts';
import { layoutReference, type NamedContext } from './named-context.ts';
import { openContexts } from './open-contexts.ts';
import type { SharedDirectories } from './shared-directories.ts';

/** The id of BuildKit's agent for git. */
const GIT_AGENT = 'default';

/** What of a request says where files come from. */
export interface SourcesRequest {
  readonly dockerfile: DockerfileSource;
  readonly context: ContextSource;
  /** By contextKey(). */
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly secrets?: ReadonlyMap<string, SecretValue>;
  /** By id; git over ssh takes `default`. */
  readonly ssh?: ReadonlyMap<string, readonly string[]>;
  readonly gitIndex?: GitIndexUse;
  readonly normalizeModes?: boolean;
  /** Whether `.dockerignore` counts in a context that is no directory too: kaniko unpacks it and looks there. */
  readonly ignoreFiles?: boolean;
  /** Of builds that run side by side; each opens its own when absent. */
  readonly directories?: SharedDirectories;
  /** Secrets for git, by the ids of BuildKit; no RUN can ask for them. */
  readonly gitSecrets?: ReadonlyMap<string, string>;
}

/**
 * What a build reads from elsewhere: repositories and URLs, with its secrets and ssh agent, and its contexts. Disposing
 * ends the agent.
 */
export function openSources(request: SourcesRequest, services: Services) {
  const { store, program, gitEnv, libc, clock, signal, http } = services;
  const secret = createSecrets(request.secrets ?? new Map(), store).read;
  const gitSecret: ReadSecret = async (id) => {
    const value = request.gitSecrets?.get(id);
    return value === undefined ? secret(id) : Buffer.from(value, 'utf8');
  };
  const warn = (text: string): void => services.log.warn(text);
  const agent = sshAgentOf(request, services);
  const remembered = gitTrees(services);
  const git = createGitSources({
    store,
    program,
    env: gitEnv,
    identity: { secret: gitSecret, sshAgent: agent.socket },
    remembered,
    warn,
    libc,
    clock,
    signal,
  });
  const urls = createUrlFiles({ http, blobs: store.blobs, catalog: store.catalog, secret, signal });
  const contexts = openContexts(
    {
      context: request.context,
      named: request.namedContexts,
      dockerfile: localPath(request),
      keepGitDir: /^(1|t|true)$/i.test(request.buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? ''),
      gitIndex: request.gitIndex ?? 'auto',
      normalizeModes: request.normalizeModes ?? false,
      ...(request.directories ? { directories: request.directories } : {}),
      ...(request.ignoreFiles ? { ignoreFiles: { dockerfile: pathInContext(request) } } : {}),
    },
    services,
    { git, urls },
  );
  return { git, urls, contexts, [Symbol.asyncDispose]: agent.close };
}

/** The agent that `--ssh default` names, once somebody asks for it. */
function sshAgentOf({ ssh = new Map() }: SourcesRequest, { store, program }: Services) {
  const open = async (): Promise<SshSocket | undefined> =>
    createSshAgents(ssh, program).open(GIT_AGENT, (await store.makeTemp('ssh')).path);
  let opened: Promise<SshSocket | undefined> | undefined;
  return {
    async socket() {
      if (!ssh.has(GIT_AGENT)) return undefined;
      opened ??= open();
      return (await opened)?.path;
    },
    // One that could not be started was told of by whoever asked for it.
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** What git sources came to, in rows like those of slots (docs/store-format.md, "history"). */
function gitTrees({ store, trees, records }: Services): GitTrees {
  const row = (name: string): string => `git/${name}/result`;
  return {
    trees,
    async find(name) {
      const tree = await records.slot(row(name));
      return tree && (await createTreeReach(store.catalog).isWhole(tree.exact)) ? tree : undefined;
    },
    keep: (name, tree) => records.putSlot(row(name), tree),
  };
}

/** The path of a Dockerfile on disk: its own ignore file goes before the context's. */
function localPath({ dockerfile }: SourcesRequest): string | undefined {
  return dockerfile.kind === 'given' ? dockerfile.path : undefined;
}

function pathInContext({ dockerfile }: SourcesRequest): string | undefined {
  return dockerfile.kind === 'context' ? (dockerfile.path ?? 'Dockerfile') : undefined;
}

/** The patterns of the build context's ignore file, as far as it has one: a directory. */
export async function contextIgnores(request: SourcesRequest): Promise<PatternMatcher | undefined> {
  const { context } = request;
  return context.kind === 'directory' ? loadIgnores(context.path, localPath(request)) : undefined;
}

/** The images of other targets among the named contexts, likewise. */
export function builtOf({ namedContexts }: Pick<SourcesRequest, 'namedContexts'>) {
  const built = new Map<string, readonly PlatformImage[]>();
  for (const [name, context] of namedContexts)
    if (context.kind === 'built') built.set(layoutReference(name), context.images);
  return built;
}

/** The OCI layouts among the named contexts, by the names that images.ts finds them under. */
export function layoutsOf({ namedContexts }: Pick<SourcesRequest, 'namedContexts'>) {
  const layouts = new Map<string, Extract<NamedContext, { kind: 'oci-layout' }>>();
  for (const [name, context] of namedContexts)
    if (context.kind === 'oci-layout') layouts.set(layoutReference(name), context);
  return layouts;
}
