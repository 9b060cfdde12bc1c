import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { VarveError } from '../../../errors.ts';
import { findTool } from '../../../sandbox/find-tool.ts';
import { toolPath } from '../../tool-path.ts';
import type { BenchMode } from '../bench-row.ts';
import { isCommonFlag } from '../own-flags.ts';
import type { BenchBuilder } from './bench-builder.ts';

const run = promisify(execFile);

/** Builders that varve can be measured against. */
export const PEERS = ['buildah'] as const;
export type PeerName = (typeof PEERS)[number];

export interface PeerSettings {
  /** For all builders. */
  readonly buildFlag: readonly string[];
  readonly peerFlag: readonly string[];
  readonly cacheRepo: string | undefined;
  readonly modes: readonly BenchMode[];
  readonly signal: AbortSignal;
}

/** The first buildah that reads and writes caches in repositories. https://github.com/containers/buildah/releases/tag/v1.28.0 */
const NEEDED = [1, 28] as const;

/** @throws VarveError `USAGE` for one that is not there or too old, and for flags that it cannot be given */
export async function openPeer(
  name: PeerName,
  { buildFlag, peerFlag, cacheRepo, modes, signal }: PeerSettings,
): Promise<BenchBuilder> {
  const refused = (message: string, hint: string): VarveError =>
    new VarveError('USAGE', `--against ${name}: ${message}`, { hint, exitCode: 2 });
  const program = findTool(name, toolPath(process.env.PATH));
  if (program === undefined)
    throw refused(`${name} is not installed`, `install the package ${name} of your distribution, 1.28 or newer`);
  const { stdout } = await run(program, ['--version'], { signal });
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(major) < NEEDED[0] || (Number(major) === NEEDED[0] && Number(minor) < NEEDED[1]))
    throw refused(`${stdout.trim()} is too old`, 'caches in repositories came with 1.28');
  checkCommon(buildFlag, name);
  if (modes.includes('ci') && cacheRepo === undefined)
    throw refused(
      'the mode ci needs --cache-repo, which all builders use',
      `${name} has no cache in a directory: name a repository, such as --cache-repo localhost:5000/bench, or leave out ci with --mode`,
    );
  const { buildahBuilder } = await import('./buildah.ts');
  const isRoot = process.getuid?.() === 0;
  return buildahBuilder({ buildah: program, args: [...buildFlag, ...peerFlag], cacheRepo, isRoot, signal });
}

/** @throws VarveError `USAGE` for a flag that means nothing to another builder, or something else */
export function checkCommon(flags: readonly string[], peer: string): void {
  const own = flags.find((flag) => !isCommonFlag(flag));
  if (own !== undefined)
    throw new VarveError('USAGE', `--against ${peer}: ${own} is not known to mean the same to ${peer}`, {
      hint: `give it with --varve-flag, and what says the same to ${peer} with --peer-flag`,
      exitCode: 2,
    });
}
