import type { FlagRow } from './flag-row.ts';
import { LOG_ROWS, PULL_ROWS, STORE_ROW } from './registry-rows.ts';

/** Every flag of kaniko's warmer. */
export const WARMER_ROWS: readonly FlagRow[] = [
  { name: 'image', short: 'i', type: 'multi', meaning: 'same', says: 'an image to pull into the store' },
  {
    name: 'dockerfile',
    short: 'd',
    type: 'string',
    meaning: 'same',
    says: 'a Dockerfile, whose base images are pulled: a path or a URL',
  },
  {
    name: 'build-arg',
    type: 'multi',
    meaning: 'same',
    says: 'KEY=VALUE, for the names in FROM; KEY alone takes the value from the environment',
  },
  {
    name: 'cache-dir',
    short: 'c',
    type: 'string',
    default: '/cache',
    meaning: 'same',
    says: "varve's store, the same that the executor has as --cache-dir",
  },
  {
    name: 'customPlatform',
    type: 'string',
    meaning: 'same',
    to: '--platform',
    says: 'OS/ARCH[/VARIANT] of the images',
  },
  {
    name: 'force',
    short: 'f',
    type: 'bool',
    default: 'false',
    meaning: 'noted',
    says: 'the registry is asked for every image anyway; layers that are there are not sent again',
  },
  {
    name: 'cache-ttl',
    type: 'duration',
    default: '336h',
    meaning: 'noted',
    says: 'the registry is asked for every image anyway; varve store prune --older-than removes what is old',
  },
  STORE_ROW,
  ...PULL_ROWS,
  ...LOG_ROWS,
];
