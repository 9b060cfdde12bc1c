import type { FlagRow } from './flag-row.ts';

/** Why nothing has to be cleaned. */
export const NO_ROOT = 'varve builds in directories of its store: its own root file system is not touched';
const RETRIES =
  'how often a request that may succeed later is tried again; one number, the larger, for pulls and pushes';

/** How registries are reached: flags that the executor, its push and the warmer share. */
export const PULL_ROWS: readonly FlagRow[] = [
  {
    name: 'insecure-pull',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--insecure-pull',
    says: 'pull over plain HTTP',
  },
  {
    name: 'skip-tls-verify-pull',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--skip-tls-verify-pull',
    says: 'check no certificate of a registry that is pulled from (kaniko itself never reads this flag)',
  },
  {
    name: 'insecure-registry',
    type: 'multi',
    meaning: 'same',
    to: '--insecure-registry',
    says: 'a registry that may speak plain HTTP',
  },
  {
    name: 'skip-tls-verify-registry',
    type: 'multi',
    meaning: 'same',
    to: '--skip-tls-verify-registry',
    says: 'a registry whose certificate is not checked',
  },
  {
    name: 'registry-certificate',
    type: 'pairs',
    meaning: 'same',
    to: '--registry-certificate',
    says: 'HOST=FILE: authorities to trust for a registry',
  },
  {
    name: 'registry-client-cert',
    type: 'pairs',
    meaning: 'same',
    to: '--registry-client-cert',
    says: 'HOST=CERT,KEY: the certificate that a registry wants',
  },
  {
    name: 'registry-map',
    type: 'multi',
    env: 'KANIKO_REGISTRY_MAP',
    meaning: 'same',
    to: '--registry-map',
    says: 'HOST=HOST[/PREFIX], several with ; between: where to look for a registry’s images first',
  },
  {
    name: 'registry-mirror',
    type: 'multi',
    env: 'KANIKO_REGISTRY_MIRROR',
    meaning: 'same',
    to: '--registry-mirror',
    says: 'where to look for images of Docker Hub first',
  },
  {
    name: 'skip-default-registry-fallback',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--skip-default-registry-fallback',
    says: 'fail when no mirror has an image',
  },
];

/** Those of the executor and its push. */
export const REGISTRY_ROWS: readonly FlagRow[] = [
  ...PULL_ROWS,
  {
    name: 'insecure',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--insecure',
    says: 'push over plain HTTP',
  },
  {
    name: 'skip-tls-verify',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--skip-tls-verify',
    says: 'check no certificate, neither for pushes nor for pulls',
  },
  {
    name: 'push-retry',
    type: 'int',
    meaning: 'same',
    to: '--retries',
    says: RETRIES,
  },
  {
    name: 'image-download-retry',
    type: 'int',
    meaning: 'same',
    to: '--retries',
    says: RETRIES,
  },
  {
    name: 'push-ignore-immutable-tag-errors',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--push-ignore-immutable-tag-errors',
    says: 'a tag that exists and may not change stays, with a warning',
  },
  {
    name: 'credential-helpers',
    type: 'multi',
    default: 'env,google,ecr,acr,gitlab',
    meaning: 'refused',
    says: 'leave it out: each source of credentials is asked only for registries of its own kind (docs/registry.md)',
  },
];

/** How a command says what it does: of the executor, its sub-commands and the warmer. */
export const LOG_ROWS: readonly FlagRow[] = [
  {
    name: 'verbosity',
    short: 'v',
    type: 'string',
    default: 'info',
    meaning: 'same',
    says: 'trace, debug, info, warn, error, fatal or panic',
  },
  {
    name: 'log-format',
    type: 'string',
    default: 'color',
    meaning: 'same',
    says: 'text, color or json; json is that of --progress json, and color is text',
  },
  {
    name: 'log-timestamp',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    says: 'begin each line with the time',
  },
];

/** Of all commands that have a store. */
export const STORE_ROW: FlagRow = {
  name: 'store',
  type: 'string',
  env: 'VARVE_STORE',
  meaning: 'same',
  to: '--store',
  own: true,
  says: 'where layers and the cache are kept, if it is not --cache-dir',
};
