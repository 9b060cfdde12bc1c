import { type BakeConfig, readBakeFiles } from '../../src/bake/bake-file.ts';
import type { BakeFile } from '../../src/bake/bake-options.ts';
import { stdlib } from '../../src/bake/functions/stdlib.ts';
import { parseOverrides } from '../../src/bake/overrides.ts';
import { printSelection } from '../../src/bake/print-selection.ts';
import { selectTargets } from '../../src/bake/select-targets.ts';
import { fixedClock } from '../../src/io/clock.ts';

export interface Here {
  readonly env?: Readonly<Record<string, string>>;
  readonly set?: readonly string[];
  readonly names?: readonly string[];
  /** Files that compose files name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Reads bake files from texts: one HCL file, or several by name. */
export function readHere(given: string | readonly BakeFile[], { env = {}, files = {} }: Here = {}): BakeConfig {
  const all = typeof given === 'string' ? [{ name: 'docker-bake.hcl', text: given }] : given;
  return readBakeFiles(all, {
    functions: stdlib({ clock: fixedClock(Date.UTC(2024, 1, 3, 4, 5, 6)), home: '/home/user' }),
    builtins: new Map([
      ['BAKE_CMD_CONTEXT', 'cwd://'],
      ['BAKE_LOCAL_PLATFORM', 'linux/amd64'],
    ]),
    lookup: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    environment: env,
    readFile: (path) => files[path],
  });
}

/** What `--print` prints, as JSON. */
export function printHere(given: string | readonly BakeFile[], here: Here = {}): Printed {
  const config = readHere(given, here);
  const overrides = parseOverrides(here.set ?? [], [...config.targets.keys()], (name) => here.env?.[name]);
  return JSON.parse(printSelection(selectTargets(config, here.names ?? ['default'], overrides))) as Printed;
}

export interface Printed {
  readonly group?: Readonly<Record<string, { readonly targets: readonly string[] }>>;
  readonly target: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
