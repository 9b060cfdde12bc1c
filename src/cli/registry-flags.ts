import type { Command } from 'commander';
import { repeated } from './repeated.ts';

/** How registries are reached. */
export interface RegistryFlags {
  readonly insecureRegistry: readonly string[];
}

/** Adds the flags of {@link RegistryFlags}. */
export function addRegistryFlags(command: Command): Command {
  return command.option(
    '--insecure-registry <host>',
    'a registry that may speak HTTP or have an unknown certificate (repeatable)',
    repeated,
    [],
  );
}
