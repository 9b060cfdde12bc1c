import { type Command, Option } from 'commander';
import { ATTEST_FORMS, type AttestOptions, parseAttest } from '../build/attest/attest-options.ts';
import type { Output } from '../build/output/output.ts';
import { repeated } from './repeated.ts';

/** What is said about the image besides the image. */
export interface AttestFlags {
  readonly attest: readonly string[];
  readonly provenance?: string;
  readonly sbom?: string;
  readonly attestForm: AttestOptions['form'];
}

/** Adds the flags of {@link AttestFlags}. */
export function addAttestFlags(command: Command): Command {
  return command
    .option(
      '--attest <spec>',
      'type=provenance or type=sbom with what --provenance and --sbom take (repeatable)',
      repeated,
      [],
    )
    .option(
      '--provenance <spec>',
      'true, false, or mode=min|max with builder-id=, reproducible=, filename=: how the image was built, as SLSA provenance (default: false)',
    )
    .option('--sbom <bool>', 'true, false, or filename=NAME: what is installed in the image, as SPDX (default: false)')
    .addOption(
      new Option('--attest-form <form>', 'where attestations are: in an index with the image, or as its OCI referrers')
        .choices(ATTEST_FORMS)
        .default('index'),
    );
}

/** What the flags ask to attest; undefined for nothing. @throws VarveError `USAGE` */
export function attestOf(flags: AttestFlags): AttestOptions | undefined {
  return parseAttest(flags, flags.attestForm);
}

/** Why attestations end up nowhere. */
export function uselessAttestations(attest: AttestOptions | undefined, outputs: readonly Output[]): string | undefined {
  if (!attest || outputs.some(({ type }) => type !== 'cacheonly')) return undefined;
  return '--provenance, --sbom and --attest have no effect: no image leaves this build';
}
