import type { FlagRow } from './flag-row.ts';
import { NO_ROOT } from './registry-rows.ts';

const CHANGES = 'varve sees every change by ctime and reads only what changed, whatever the mode';

/** What is kept, and how changes are found. */
export const CACHE_ROWS: readonly FlagRow[] = [
  {
    name: 'cache',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    says: 'look steps up in the store and in --cache-repo, and keep them there; without it every step runs',
  },
  {
    name: 'cache-repo',
    type: 'string',
    meaning: 'same',
    to: '--cache-repo',
    says: 'the cache’s repository, or oci:DIR (default: the first destination’s, with /cache)',
  },
  {
    name: 'cache-dir',
    type: 'string',
    meaning: 'same',
    says: 'varve’s store, where base images and layers are kept (default: $VARVE_STORE, else /cache where it can be written)',
  },
  {
    name: 'cache-ttl',
    type: 'duration',
    default: '336h',
    meaning: 'same',
    to: '--cache-ttl',
    says: 'what is older in the cache is not used',
  },
  {
    name: 'cache-copy-layers',
    type: 'bool',
    default: 'false',
    meaning: 'noted',
    says: 'COPY and ADD are always cached with --cache: their keys are the contents of their files',
  },
  {
    name: 'cache-run-layers',
    type: 'bool',
    default: 'true',
    meaning: 'same',
    says: 'false runs every step; layers of COPY are still put together from what the store has',
  },
  {
    name: 'no-push-cache',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--no-push-cache',
    says: 'only read the cache',
  },
  {
    name: 'compressed-caching',
    type: 'bool',
    default: 'true',
    meaning: 'noted',
    says: 'layers go through memory in pieces, and never lie there whole',
  },
  {
    name: 'snapshot-mode',
    type: 'string',
    default: 'full',
    meaning: 'noted',
    says: CHANGES,
  },
  { name: 'use-new-run', type: 'bool', default: 'false', meaning: 'noted', says: CHANGES },
  {
    name: 'single-snapshot',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--squash',
    says: 'one layer for all that the image adds to its base; the cache keeps each instruction’s all the same',
  },
  {
    name: 'ignore-path',
    type: 'multi',
    meaning: 'same',
    to: '--ignore-path',
    says: 'what steps change there or below is in no layer (and gone after the step: RUN --mount=type=cache keeps it for others)',
  },
  {
    name: 'ignore-var-run',
    type: 'bool',
    default: 'true',
    meaning: 'noted',
    says: '/var/run is kept as Docker keeps it: nothing of the pod is mounted there while a RUN runs; on the rung in-place what the pod mounts there is in no layer',
  },
  {
    name: 'image-fs-extract-retry',
    type: 'int',
    default: '0',
    meaning: 'noted',
    says: 'a layer whose digest is wrong is fetched again without being asked',
  },
  {
    name: 'skip-unused-stages',
    type: 'bool',
    default: 'true',
    meaning: 'noted',
    says: 'stages that the target does not need are never built',
  },
  {
    name: 'materialize',
    type: 'bool',
    default: 'false',
    meaning: 'noted',
    says: `${NO_ROOT}, but on the rung in-place; --oci-layout-path or --tar-path gives the files`,
  },
];
