import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ServiceOptions } from '../build/create-services.ts';
import { type LayerForm, layerForm, stepCompression } from '../build/images/image-form.ts';
import type { Progress } from '../build/progress.ts';
import { systemClock } from '../io/clock.ts';
import { defaultRetryPolicy, withRetries } from '../io/retry.ts';
import { hostPlatform } from '../oci/platform.ts';
import type { RootfsKind, Rung } from '../sandbox/sandbox.ts';
import { NO_USER_NAMESPACE } from './enter-user-namespace.ts';
import { createLog, messageLines } from './log.ts';
import { proxySettings } from './proxy-settings.ts';
import { registryCredentials } from './registry-credentials.ts';
import {
  addMirrorFlags,
  addRegistryFlags,
  type MirrorFlags,
  mirrorsOf,
  type RegistryFlags,
  registryAccess,
} from './registry-flags.ts';
import { textFetcher } from './text-fetcher.ts';
import { toolPath } from './tool-path.ts';

/** What all commands that use the store take. */
export interface StoreFlags {
  readonly store?: string;
  readonly verbose?: boolean;
}

/** What all commands that use the store and registries take. */
export interface CommonFlags extends StoreFlags, RegistryFlags, MirrorFlags {}

/** Adds the flags of {@link StoreFlags}. */
export function addStoreFlags(command: Command): Command {
  const store = new Option(
    '--store <dir>',
    'where layers and the cache are kept (default: $XDG_CACHE_HOME/varve or ~/.cache/varve)',
  ).env('VARVE_STORE');
  return command.addOption(store).option('-v, --verbose', 'also say what is tried and why');
}

/** Adds the flags of {@link CommonFlags}. */
export function addCommonFlags(command: Command): Command {
  return addMirrorFlags(addRegistryFlags(addStoreFlags(command)));
}

/** A whole number of at least 1. */
export function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('it is a whole number from 1 to 9999');
  return Number(value);
}

/** What looking after a store needs of the environment. */
export function storeOptions(
  flags: StoreFlags,
  signal: AbortSignal,
  progress: Progress = messageLines(process.stderr),
) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return {
    store: resolve(flags.store ?? join(cache, 'varve')),
    host: { arch: process.arch },
    log: createLog(progress, systemClock, flags),
    clock: systemClock,
    signal,
  };
}

/** Reads the environment, once, into what the services need. */
export function serviceOptions(
  flags: CommonFlags & {
    readonly isolation?: 'auto' | Rung;
    readonly rootfs?: 'auto' | RootfsKind;
    readonly parallel?: number;
    readonly maxLayerSize?: number;
  },
  run: {
    readonly version: string;
    readonly signal: AbortSignal;
    /** Lines of what it says on standard error when absent. */
    readonly progress?: Progress;
    /** How new layers are written; gzip when absent. */
    readonly layers?: LayerForm | undefined;
    /** Registries that are pushed to and may speak HTTP, besides those of the flags. */
    readonly insecurePushes?: readonly string[];
    readonly stepEnv?: ServiceOptions['stepEnv'];
  },
): ServiceOptions {
  const { env } = process;
  const progress = run.progress ?? messageLines(process.stderr);
  const { log, ...common } = storeOptions(flags, run.signal, progress);
  const access = registryAccess(flags, env);
  const userAgent = [`varve/${run.version}`, env.UPSTREAM_CLIENT_TYPE].filter(Boolean).join(',');
  const retryPolicy = withRetries(defaultRetryPolicy, access.retries);
  return {
    ...common,
    credentials: registryCredentials(env, {
      fetch: textFetcher(env, userAgent, access.certificates),
      retryPolicy,
      clock: common.clock,
      log,
    }),
    ...access,
    insecurePushes: run.insecurePushes ?? [],
    mirrors: mirrorsOf(flags, env),
    userAgent,
    isolation: flags.isolation ?? 'auto',
    rootfs: flags.rootfs ?? 'auto',
    parallel: flags.parallel ?? Math.max(availableParallelism(), 2),
    platform: hostPlatform(process.platform, process.arch),
    compression: stepCompression(run.layers ?? layerForm('gzip', undefined)),
    ...(flags.maxLayerSize === undefined ? {} : { unpackLimits: { bytes: flags.maxLayerSize } }),
    proxies: proxySettings(env),
    gitEnv: gitEnvironment(env),
    host: {
      ...common.host,
      node: process.execPath,
      toolPath: toolPath(env.PATH),
      noUserNamespace: env[NO_USER_NAMESPACE],
    },
    progress,
    stepEnv: run.stepEnv,
    log,
  };
}

/** What git needs of the environment: the way out, the ssh agent, and whom to trust. */
function gitEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  const names = [...proxies, 'SSH_AUTH_SOCK', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH', 'GIT_SSL_NO_VERIFY'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value ? [[name, value]] : [];
    }),
  );
}
