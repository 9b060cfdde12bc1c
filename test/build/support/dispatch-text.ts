import { baseImage } from '../../../src/build/images/base-image.ts';
import { createDispatcher, type DispatchedStage } from '../../../src/build/plan/dispatch-stage.ts';
import { type Plan, type PlanOptions, planBuild } from '../../../src/build/plan/plan.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../src/instructions/run-settings.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { ImageConfig } from '../../../src/oci/image-config.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';

export interface DispatchTextOptions extends Partial<PlanOptions> {
  readonly args?: Readonly<Record<string, string>>;
  /** The config of every base image. */
  readonly base?: Partial<ImageConfig>;
}

const amd64 = parsePlatform('linux/amd64');

/** Plans a Dockerfile for linux/amd64. */
export function planText(lines: readonly string[], { args = {}, base: _, ...options }: DispatchTextOptions = {}): Plan {
  return planBuild(parseDockerfile(Buffer.from(`${lines.join('\n')}\n`), 'Dockerfile'), {
    platform: amd64,
    buildPlatform: amd64,
    buildArgs: new Map(Object.entries(args)),
    named: new Map(),
    run: DEFAULT_RUN_SETTINGS,
    ...options,
  });
}

/** A Dockerfile's target stage with all that is known before a step runs. */
export function dispatchText(lines: readonly string[], options: DispatchTextOptions = {}): Promise<DispatchedStage> {
  const plan = planText(lines, options);
  const image = async (reference: string) => imageOf(reference, options.base ?? {});
  return createDispatcher(plan, image, { report() {}, ignores: undefined }).stage(plan.target.index);
}

function imageOf(reference: string, base: Partial<ImageConfig>) {
  const config: ImageConfig = { ...amd64, rootfs: { type: 'layers', diff_ids: [digestOf(reference)] }, ...base };
  const descriptor = (mediaType: string, text: string) => ({ mediaType, digest: digestOf(text), size: text.length });
  return baseImage(reference, {
    manifest: {
      schemaVersion: 2,
      config: descriptor(OCI_CONFIG, JSON.stringify(config)),
      layers: [descriptor(OCI_LAYER_GZIP, reference)],
    },
    manifestDescriptor: descriptor(OCI_MANIFEST, JSON.stringify(config)),
    config,
  });
}
