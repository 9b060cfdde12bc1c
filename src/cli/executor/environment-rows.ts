import type { Meaning } from './flag-row.ts';

/** A variable that kaniko reads. Those that stand for a flag are in the flags' own rows. */
export interface VariableRow {
  /** Its name, or several that belong together. */
  readonly name: string;
  readonly meaning: Exclude<Meaning, 'refused'>;
  readonly says: string;
}

/** Every variable of kaniko that is no flag's and no feature flag. */
export const VARIABLE_ROWS: readonly VariableRow[] = [
  {
    name: 'KANIKO_PRINT_PLAN',
    meaning: 'noted',
    says: 'varve executor --dryrun, or varve build --call outline, prints what a build takes',
  },
  { name: 'KANIKO_IGNORE_ASSERTIONS', meaning: 'noted', says: 'varve has no assertion that could be switched off' },
  {
    name: 'KANIKO_TELEMETRY_ENDPOINT',
    meaning: 'noted',
    says: 'varve sends nothing anywhere; --metrics-file writes what a build cost, for Prometheus or as JSON',
  },
  { name: 'KANIKO_TELEMETRY_OMIT_DOCKERFILE', meaning: 'noted', says: 'varve sends nothing anywhere' },
  {
    name: 'KANIKO_<HOST>_USER, KANIKO_<HOST>_PASSWORD',
    meaning: 'same',
    says: 'credentials for a registry: see docs/registry.md',
  },
  {
    name: 'SNAPSHOT_TIMEOUT_DURATION',
    meaning: 'noted',
    says: 'a snapshot takes as long as it takes: it is bound by what changed',
  },
  {
    name: 'BUILDER_OUTPUT',
    meaning: 'same',
    says: 'a directory in which `images` names what was pushed, as JSON lines',
  },
  { name: 'UPSTREAM_CLIENT_TYPE', meaning: 'same', says: 'stands in the User-Agent' },
  { name: 'STACKLOG_PATH', meaning: 'noted', says: 'stacks of Go; node --cpu-prof shows where varve spends its time' },
  { name: 'BENCHMARK_FILE', meaning: 'noted', says: '--metrics-file writes what a build cost' },
  { name: 'SSL_CERT_FILE, SSL_CERT_DIR', meaning: 'same', says: 'authorities to trust, as Go reads them' },
  { name: 'HTTP_PROXY, HTTPS_PROXY, NO_PROXY', meaning: 'same', says: 'the way out, as Go reads them' },
  {
    name: 'DOCKER_CONFIG, DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME',
    meaning: 'same',
    says: 'where credentials are: see docs/registry.md',
  },
  { name: 'CI_REGISTRY, CI_REGISTRY_USER, CI_REGISTRY_PASSWORD', meaning: 'same', says: 'credentials of GitLab' },
  { name: 'GIT_TOKEN, GIT_USERNAME, GIT_PASSWORD', meaning: 'same', says: 'for git contexts over https' },
  { name: 'GIT_PULL_METHOD', meaning: 'same', says: 'https or http, for contexts of git://' },
  {
    name: 'AWS_*, S3_ENDPOINT, S3_FORCE_PATH_STYLE',
    meaning: 'same',
    says: 'for contexts of s3://: keys, region, and the address of another service than Amazon’s',
  },
  { name: 'GOOGLE_APPLICATION_CREDENTIALS', meaning: 'same', says: 'for contexts of gs://, and Google’s registries' },
  { name: 'AZURE_STORAGE_ACCESS_KEY', meaning: 'same', says: 'for contexts of Azure Blob Storage' },
];
