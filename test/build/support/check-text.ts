import type { BaseImage } from '../../../src/build/images/base-image.ts';
import { type CheckResult, checkRequest } from '../../../src/build/plan/check.ts';
import { createDispatcher } from '../../../src/build/plan/dispatch-stage.ts';
import { type PlanRequest, planRequest } from '../../../src/build/plan/plan-request.ts';
import { createPatternMatcher } from '../../../src/dockerfile/pattern-matcher.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { ImageConfig } from '../../../src/oci/image-config.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';

export interface CheckTextOptions {
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Lines of the ignore file. */
  readonly ignore?: readonly string[];
  /** The config of every base image. */
  readonly base?: Partial<ImageConfig> | 'unknown';
}

/** Checks a Dockerfile whose base images all have one config. */
export function checkText(lines: readonly string[], options: CheckTextOptions = {}): Promise<CheckResult> {
  const { base = {} } = options;
  return checkRequest(requestOf(lines, options), {
    platform: parsePlatform('linux/amd64'),
    resolve: async (reference) => (base === 'unknown' ? undefined : baseOf(reference, base)),
    ignores: options.ignore && createPatternMatcher(options.ignore),
  });
}

/** `Rule@line` of all warnings; an error comes last. */
export async function rulesOf(lines: readonly string[], options: CheckTextOptions = {}): Promise<string[]> {
  const { warnings, error } = await checkText(lines, options);
  const rules = warnings.map(({ rule, location }) => `${rule}@${location.start}`);
  return error === undefined ? rules : [...rules, `error@${error.location?.start}: ${error.message}`];
}

/** The messages of all warnings. */
export async function messagesOf(lines: readonly string[], options: CheckTextOptions = {}): Promise<string[]> {
  return (await checkText(lines, options)).warnings.map(({ message }) => message);
}

/** The stages of a Dockerfile up to the last, dispatched; base images have the config of the options. */
export async function stagesOf(lines: readonly string[], options: CheckTextOptions = {}) {
  const platform = parsePlatform('linux/amd64');
  const { base = {} } = options;
  const { plans } = planRequest(requestOf(lines, options), platform, () => {});
  const plan = plans[0]!;
  const asked: string[] = [];
  const resolve = async (reference: string) => {
    asked.push(reference);
    return base === 'unknown' ? undefined : baseOf(reference, base);
  };
  const dispatcher = createDispatcher(plan, resolve, { report() {}, ignores: undefined });
  const stages = [];
  for (const { index } of plan.stages) stages.push(await dispatcher.stage(index));
  return { plan, stages, target: stages.at(-1)!, asked };
}

function requestOf(lines: readonly string[], options: CheckTextOptions): PlanRequest {
  return {
    dockerfile: { path: 'Dockerfile', bytes: Buffer.from(lines.join('\n')) },
    platforms: [],
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    namedContexts: new Map(),
    ...(options.target === undefined ? {} : { target: options.target }),
  };
}

function baseOf(reference: string, config: Partial<ImageConfig>): BaseImage {
  return {
    reference,
    manifestDigest: digestOf('base'),
    format: 'oci',
    config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] }, ...config },
    layers: [],
    history: [],
  };
}
