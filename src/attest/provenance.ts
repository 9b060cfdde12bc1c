import type { Predicate } from './statement.ts';

export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';
/** Says how the fields below are to be read: docs/attestations.md. */
export const BUILD_TYPE = 'urn:varve:build:dockerfile:v1';

/** Something that a build was made of. @see https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md */
export interface Material {
  readonly uri: string;
  /** By algorithm: `sha256`, for a commit `sha1`. */
  readonly digest: Readonly<Record<string, string>>;
}

/** One step as it was done or found: its readable definition, without secrets. */
export interface ProvenanceStep {
  readonly id: string;
  readonly stage: string;
  readonly instruction: string;
  readonly platform: string;
  /** What decides about its result, as key and value; a key may come more than once. */
  readonly definition: readonly (readonly [string, string])[];
  /** Lines of the Dockerfile. */
  readonly lines: { readonly start: number; readonly end: number };
}

/** What is known of how one platform's image was built. */
export interface BuildFacts {
  /** Where the Dockerfile came from, and its path there. */
  readonly configSource: { readonly uri?: string; readonly digest?: Material['digest']; readonly path: string };
  /** Build arguments as `build-arg:NAME` and labels as `label:NAME`, secrets hidden. */
  readonly args: Readonly<Record<string, string>>;
  /** The same for what is no user's word: target, platform. */
  readonly options: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly ssh: readonly string[];
  /** Names of contexts that are directories of the machine. */
  readonly locals: readonly string[];
  readonly builderPlatform: string;
  /** Sorted by URI. */
  readonly materials: readonly Material[];
  readonly steps: readonly ProvenanceStep[];
  readonly dockerfile: { readonly path: string; readonly text: string };
  /** Whether no RUN had a network. */
  readonly isHermetic: boolean;
  /** RFC 3339, of SOURCE_DATE_EPOCH; no time is told without it. */
  readonly time?: string;
}

export interface ProvenanceSettings {
  readonly mode: 'min' | 'max';
  readonly builderId: string;
  readonly isReproducible: boolean;
}

/**
 * SLSA provenance, version 1, in the fields that BuildKit uses. `min` leaves out what the user gave and the steps.
 * @see https://slsa.dev/spec/v1.0/provenance
 * @see https://docs.docker.com/build/metadata/attestations/slsa-definitions/
 */
export function provenance(facts: BuildFacts, settings: ProvenanceSettings): Omit<Predicate, 'fileName'> {
  const isMax = settings.mode === 'max';
  const value = {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        configSource: facts.configSource,
        request: {
          frontend: 'dockerfile.v0',
          args: sorted(isMax ? { ...facts.options, ...facts.args } : facts.options),
          ...(isMax && facts.secrets.length ? { secrets: facts.secrets.map((id) => ({ id, optional: true })) } : {}),
          ...(isMax && facts.ssh.length ? { ssh: facts.ssh.map((id) => ({ id, optional: true })) } : {}),
          ...(facts.locals.length ? { locals: facts.locals.map((name) => ({ name })) } : {}),
        },
      },
      internalParameters: {
        builderPlatform: facts.builderPlatform,
        ...(isMax ? { buildConfig: { steps: facts.steps.map(({ lines: _, ...step }) => step) } } : {}),
      },
      resolvedDependencies: facts.materials.map(({ uri, digest }) => ({ uri, digest })),
    },
    runDetails: {
      builder: { id: settings.builderId },
      metadata: {
        ...(facts.time === undefined ? {} : { startedOn: facts.time, finishedOn: facts.time }),
        varve_completeness: { request: isMax, resolvedDependencies: facts.isHermetic && facts.locals.length === 0 },
        varve_hermetic: facts.isHermetic,
        varve_reproducible: settings.isReproducible,
        ...(isMax ? { varve_metadata: { source: sourceMap(facts) } } : {}),
      },
    },
  };
  return { type: PROVENANCE_PREDICATE, value };
}

/** As BuildKit's source map: the Dockerfile, and which lines each step is of. */
function sourceMap({ dockerfile, steps }: BuildFacts) {
  return {
    infos: [
      { filename: dockerfile.path, language: 'Dockerfile', data: Buffer.from(dockerfile.text).toString('base64') },
    ],
    locations: Object.fromEntries(
      steps.map(({ id, lines: { start, end } }) => [
        id,
        { locations: [{ ranges: [{ start: { line: start }, end: { line: end } }] }] },
      ]),
    ),
  };
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
