import test from 'ava';
import { Command } from 'commander';
import { addBuildFlags } from '../../../src/cli/build-flags.ts';
import { VARIABLE_ROWS } from '../../../src/cli/executor/environment-rows.ts';
import { EXECUTOR_ROWS } from '../../../src/cli/executor/executor-rows.ts';
import { FEATURE_ROWS } from '../../../src/cli/executor/feature-rows.ts';
import type { FlagRow } from '../../../src/cli/executor/flag-row.ts';
import { LOGIN_ROWS, PUSH_ROWS } from '../../../src/cli/executor/push-rows.ts';
import { WARMER_ROWS } from '../../../src/cli/executor/warmer-rows.ts';
import { createProgram } from '../../../src/cli/program.ts';

/** Of kaniko 1.28: https://github.com/osscontainertools/kaniko, cmd/executor/cmd/root.go and cmd/warmer/cmd/root.go. */
const EXECUTOR =
  `annotation bucket build-arg cache cache-copy-layers cache-dir cache-repo cache-run-layers cache-ttl cleanup
  compressed-caching compression compression-level context context-sub-path credential-helpers custom-platform destination
  digest-file dockerfile dryrun force git ignore-path ignore-var-run image-download-retry image-format image-fs-extract-retry
  image-name-tag-with-digest-file image-name-with-digest-file insecure insecure-pull insecure-registry kaniko-dir label
  log-format log-timestamp materialize no-push no-push-cache oci-layout-path pre-cleanup preserve-context
  push-ignore-immutable-tag-errors push-retry registry-certificate registry-client-cert registry-map registry-mirror
  reproducible secret single-snapshot skip-default-registry-fallback skip-push-permission-check skip-tls-verify
  skip-tls-verify-pull skip-tls-verify-registry skip-unused-stages snapshot-mode tar-path target use-new-run verbosity
  snapshotMode customPlatform tarPath whitelist-var-run force-build-metadata`.split(/\s+/);
const WARMER =
  `build-arg cache-dir cache-ttl customPlatform dockerfile force image insecure-pull insecure-registry log-format
  log-timestamp registry-certificate registry-client-cert registry-map registry-mirror skip-default-registry-fallback
  skip-tls-verify-pull skip-tls-verify-registry verbosity`.split(/\s+/);

const names = (rows: readonly FlagRow[]): string[] =>
  rows
    .filter(({ own }) => !own)
    .map(({ name }) => name)
    .sort();

test('every flag of kaniko has its row, and no other has one', (t) => {
  t.deepEqual(names(EXECUTOR_ROWS), EXECUTOR.sort());
  t.deepEqual(names(WARMER_ROWS), WARMER.sort());
  t.is(EXECUTOR.length, 68);
  t.is(new Set(FEATURE_ROWS.map(({ name }) => name)).size, FEATURE_ROWS.length);
  t.true(VARIABLE_ROWS.every(({ says }) => says !== ''));
});

test('what a flag becomes is a flag of varve', async (t) => {
  const program = await createProgram(new AbortController().signal);
  const optionsOf = (command: Command | undefined) => command?.options.map(({ long }) => long) ?? [];
  const commandOf = (name: string) => program.commands.find((command) => command.name() === name);
  const tables: [readonly FlagRow[], (string | null | undefined)[]][] = [
    [EXECUTOR_ROWS, optionsOf(addBuildFlags(new Command()))],
    [WARMER_ROWS, optionsOf(commandOf('pull'))],
    [PUSH_ROWS, optionsOf(commandOf('push'))],
    [LOGIN_ROWS, optionsOf(commandOf('login'))],
  ];
  for (const [rows, options] of tables)
    for (const { name, to } of rows)
      if (to !== undefined) t.true(options.includes(to.split('=')[0]!), `${name}: ${to}`);
});

test('short names are one letter, and each is one flag', (t) => {
  for (const rows of [EXECUTOR_ROWS, WARMER_ROWS, PUSH_ROWS, LOGIN_ROWS]) {
    const shorts = rows.flatMap(({ short }) => short ?? []);
    t.is(new Set(shorts).size, shorts.length);
    t.true(shorts.every((short) => short.length === 1));
    t.is(new Set(rows.map(({ name }) => name)).size, rows.length);
  }
});
