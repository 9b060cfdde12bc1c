import { join } from 'node:path';
import { outputOf } from '../scripts/run-process.ts';
import type { Builder } from './builder.ts';
import type { Command } from './measure.ts';

const VARVE = join(import.meta.dirname, '../bin/varve');

/** varve as its users start it. */
export function varve(registry: string): Builder {
  return {
    name: 'varve',
    version: async () => (await outputOf([VARVE, '--version'])).trim(),
    build: ({ dockerfile, context, name, push, state, cache }) => ({
      argv: [
        VARVE,
        'build',
        `--store=${join(state, 'store')}`,
        `--insecure-registry=${registry}`,
        `--file=${dockerfile}`,
        `--tag=${name}`,
        ...(push ? ['--push'] : []),
        ...(cache ? [`--cache-repo=${cache.repository}`] : []),
        ...(cache && !cache.write ? ['--no-push-cache'] : []),
        '--progress=json',
        context,
      ],
      env: {},
    }),
  };
}

/** All targets of a bake file, pushed. */
export function bakeCommand(file: string, state: string, registry: string): Command {
  const flags = [`--store=${join(state, 'store')}`, `--insecure-registry=${registry}`, '--push', '--progress=json'];
  return { argv: [VARVE, 'bake', ...flags, `--file=${file}`], env: {} };
}

/** Pushes a tar of a root file system as an image with one layer. */
export function importImage(tar: string, name: string, registry: string, state: string): Command {
  const store = `--store=${join(state, 'store')}`;
  return { argv: [VARVE, 'import', store, `--insecure-registry=${registry}`, '--push', tar, name], env: {} };
}

/** Copies an image; names are skopeo's. */
export function copyImage(from: string, to: string, registry: string): Command {
  return { argv: [VARVE, 'copy', `--insecure-registry=${registry}`, '--quiet', from, to], env: {} };
}
