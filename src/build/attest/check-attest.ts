import { VarveError } from '../../errors.ts';
import { type ImageForm, mergedForm } from '../images/image-form.ts';
import type { Output } from '../output/output.ts';
import type { AttestOptions } from './attest-options.ts';

/**
 * Asks, before anything is built, whether all outputs can hold attestations.
 * @param form of images whose output says nothing else
 * @throws VarveError `USAGE` naming the one that cannot
 */
export function checkAttest(attest: AttestOptions, outputs: readonly Output[], form: ImageForm = {}): void {
  for (const output of outputs) {
    const why = refusal(output, attest, form);
    if (why === undefined) continue;
    throw new VarveError('USAGE', why, {
      hint: 'use another output, or leave --provenance, --sbom and --attest out',
      exitCode: 2,
    });
  }
}

function refusal(output: Output, { form: kept }: AttestOptions, form: ImageForm): string | undefined {
  if (output.type === 'docker') return '--output type=docker: an archive for docker load holds no attestations';
  if (!('names' in output)) return undefined;
  if (output.type === 'store' && kept === 'referrers')
    return '--attest-form referrers: the store keeps attestations in an index only';
  if (mergedForm(form, output.form).format !== 'docker') return undefined;
  return "--image-format docker: an index of Docker's types cannot have attestations";
}
