import { Command } from 'commander';
import { type Entry, entryText } from '../../bake/entries.ts';
import type { SelectedTarget } from '../../bake/select-targets.ts';
import { VarveError } from '../../errors.ts';
import { addBuildFlags, type BuildFlags } from '../build-flags.ts';

/**
 * Reads the flags of `varve build` that build a target: what build refuses, bake refuses. The parser is made once: 40
 * targets take 25 ms of processor time instead of 98.
 * @param common flags of the whole bake, as words
 * @returns throws VarveError `USAGE`, with the target's name
 */
export function targetFlags(common: readonly string[]): (name: string, target: SelectedTarget) => BuildFlags {
  const command = addBuildFlags(new Command('build'))
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  return (name, target) => {
    try {
      // A parser that has parsed before begins with its defaults.
      command.parse([...targetWords(target), ...common], { from: 'user' });
    } catch (error) {
      throw new VarveError('USAGE', `target ${name}: ${(error as Error).message.replace(/^error: /, '')}`, {
        exitCode: 2,
      });
    }
    return { ...command.opts<BuildFlags>() };
  };
}

/** The words of `varve build` for all of a target but its context, its Dockerfile and contexts that are other targets. */
export function targetWords(target: SelectedTarget): string[] {
  const each = <T>(flag: string, values: readonly T[] | undefined, text: (value: T) => string): string[] =>
    (values ?? []).map((value) => `${flag}=${text(value)}`);
  const fields = (flag: string, values: Readonly<Record<string, string>> | undefined): string[] =>
    Object.entries(values ?? {}).map(([key, value]) => `${flag}=${key}=${value}`);
  const own = Object.entries(target.contexts ?? {}).filter(([, value]) => !value.startsWith('target:'));
  return [
    ...fields('--build-arg', target.args),
    ...fields('--label', target.labels),
    ...fields('--build-context', Object.fromEntries(own)),
    ...fields('--add-host', target['extra-hosts']),
    ...each('--annotation', target.annotations, String),
    ...each('--tag', target.tags, String),
    ...each('--platform', target.platforms, String),
    ...each('--cache-from', target['cache-from'], entryText),
    ...each('--cache-to', target['cache-to'], entryText),
    ...each('--output', target.output?.filter(isSent), entryText),
    ...each('--secret', target.secret, (secret) =>
      Object.entries(secret)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    ),
    ...each('--ssh', target.ssh, ({ id = 'default', paths }) => (paths ? `${id}=${paths.join(',')}` : id)),
    ...each('--ulimit', target.ulimits, String),
    ...each('--allow', target.entitlements, String),
    ...each('--no-cache-filter', target['no-cache-filter'], String),
    ...each(
      '--attest',
      target.attest?.filter(({ disabled }) => !disabled),
      entryText,
    ),
    ...(target.target === undefined ? [] : [`--target=${target.target}`]),
    ...(target.network === undefined ? [] : [`--network=${target.network}`]),
    ...(target['shm-size'] === undefined ? [] : [`--shm-size=${target['shm-size']}`]),
    ...(target['no-cache'] ? ['--no-cache'] : []),
    ...(target.pull ? ['--pull'] : []),
  ];
}

/** An image without a name and without push is only built, as in buildx. */
function isSent({ type }: Entry): boolean {
  return type !== 'cacheonly';
}
