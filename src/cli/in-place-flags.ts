import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { InPlaceOptions } from '../build/create-services.ts';
import { VarveError } from '../errors.ts';
import { containerSign } from '../sandbox/container-sign.ts';
import { credentialFiles } from './registry-credentials.ts';

export interface InPlaceFlags {
  readonly force?: boolean;
  readonly preCleanup?: boolean;
  readonly cleanup?: boolean;
  readonly preserveContext?: boolean;
}

/** What varve is made of: the package, with node_modules beside its sources or its build. */
const PACKAGE = join(import.meta.dirname, '../..');

/** Flags of the rung in-place, with kaniko's names. */
export function addInPlaceFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--force', 'let --isolation in-place replace the files of what shows no sign of being a container'),
    )
    .addOption(
      new Option('--pre-cleanup', 'empty the root before the first stage of --isolation in-place; it always is'),
    )
    .addOption(
      new Option('--cleanup', 'empty the root after a build with --isolation in-place').conflicts('preserveContext'),
    )
    .addOption(new Option('--preserve-context', 'put the root back as it was after a build with --isolation in-place'));
}

/**
 * Where and how a build may use the container's own root; undefined when it does not ask to.
 * @param paths files and directories that the build reads late
 * @throws VarveError `USAGE` for a flag of in-place without it
 */
export function inPlaceOptions(
  isolation: string | undefined,
  flags: InPlaceFlags,
  env: Readonly<Record<string, string | undefined>>,
  paths: readonly string[],
): InPlaceOptions | undefined {
  if (isolation !== 'in-place') {
    const given = (['force', 'preCleanup', 'cleanup', 'preserveContext'] as const).find((name) => flags[name]);
    if (given === undefined) return undefined;
    const name = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new VarveError('USAGE', `--${name} is for --isolation in-place`, {
      hint: 'the other rungs leave the files of the container as they are',
      exitCode: 2,
    });
  }
  if (paths.some((path) => resolve(path) === '/')) {
    throw new VarveError('USAGE', 'with --isolation in-place the root directory cannot be a context: it is emptied', {
      exitCode: 2,
    });
  }
  return {
    refusal: flags.force ? undefined : inPlaceRefusal(env),
    kept: [PACKAGE, ...credentialFiles(env), ...platformFiles(env), ...paths].flatMap(keptPaths),
    afterwards: flags.cleanup ? 'emptied' : flags.preserveContext ? 'restored' : 'left',
  };
}

/** Files that say to Google's and Amazon's platforms who we are. */
function platformFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const { GOOGLE_APPLICATION_CREDENTIALS, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE } = env;
  const { AWS_WEB_IDENTITY_TOKEN_FILE, AZURE_FEDERATED_TOKEN_FILE } = env;
  const named = [
    GOOGLE_APPLICATION_CREDENTIALS,
    AWS_SHARED_CREDENTIALS_FILE,
    AWS_CONFIG_FILE,
    AWS_WEB_IDENTITY_TOKEN_FILE,
    AZURE_FEDERATED_TOKEN_FILE,
  ].flatMap((path) => path || []);
  return [...named, join(env.HOME || '/root', '.aws')];
}

/** A path, and what it stands for when it is a link or lies behind one. */
function keptPaths(path: string): string[] {
  const absolute = resolve(path);
  return existsSync(absolute) ? [absolute, realpathSync(absolute)] : [absolute];
}

/** Why the root of this machine is not to be replaced unless it is forced. A container that people work in has /.dockerenv too. */
export function inPlaceRefusal(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const cgroup = existsSync('/proc/1/cgroup') ? readFileSync('/proc/1/cgroup', 'utf8') : '';
  const sign = containerSign({ env, exists: existsSync, cgroup });
  if (env.container || env.KUBERNETES_SERVICE_HOST) return undefined;
  const why =
    sign === undefined ? 'this is no container' : `nothing says that this container is for builds only (${sign})`;
  return `${why}, and the image would replace all of its files; --force says that it may`;
}
