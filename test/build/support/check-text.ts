import type { BaseImage } from '../../../src/build/base-image.ts';
import { type CheckResult, checkRequest } from '../../../src/build/check.ts';
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
  return checkRequest(
    {
      dockerfile: { path: 'Dockerfile', bytes: Buffer.from(lines.join('\n')) },
      platforms: [],
      buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
      namedContexts: new Map(),
      ...(options.target === undefined ? {} : { target: options.target }),
    },
    {
      platform: parsePlatform('linux/amd64'),
      resolve: async (reference) => (base === 'unknown' ? undefined : baseOf(reference, base)),
      ignores: options.ignore && createPatternMatcher(options.ignore),
    },
  );
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

function baseOf(reference: string, config: Partial<ImageConfig>): BaseImage {
  return {
    reference,
    manifestDigest: digestOf('base'),
    config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] }, ...config },
    layers: [],
    history: [],
  };
}
