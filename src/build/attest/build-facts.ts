import type { BuildFacts, Material, ProvenanceStep } from '../../attest/provenance.ts';
import type { ContextSource } from '../../context/context-source.ts';
import { redactUrl } from '../../io/redact.ts';
import { digestOf } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { NamedContext } from '../contexts/named-context.ts';
import { type Concealer, createConcealer } from '../explain/conceal.ts';
import { stepId, variablesOf } from '../explain/record-build.ts';
import { type SecretValue, secretTexts } from '../mounts/secrets.ts';
import type { DockerfileSource, LoadedDockerfile } from '../plan/load-dockerfile.ts';
import type { Plan } from '../plan/plan.ts';
import type { Services } from '../services.ts';
import type { KeyedStage } from '../steps/step-graph.ts';
import { contextMaterial, type MaterialSources, stageMaterials } from './materials.ts';

const MS_PER_SECOND = 1000;
/** Inputs that there is one of for each file: a digest of all stands for them. */
const FILE_INPUTS: ReadonlySet<string> = new Set(['file', 'mount file']);

/** Stands in a secret's place: the same in every store, and no help for trying values. */
const hidden = (): string => '[hidden]';

/** What of a request its facts tell. */
export interface FactsRequest {
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** By id; values are looked for in what is told. */
  readonly secrets: ReadonlyMap<string, SecretValue>;
  readonly ssh?: ReadonlyMap<string, unknown>;
  readonly context: ContextSource;
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
  readonly target?: string;
  readonly dockerfile: DockerfileSource;
}

/**
 * What one platform's image was made of, once its stages' keys are known. Asks nobody for what the build has not asked
 * for already.
 */
export async function buildFacts(
  request: FactsRequest,
  plan: Plan,
  stages: readonly KeyedStage[],
  dockerfile: LoadedDockerfile,
  sources: MaterialSources,
  { platform, redactor }: Pick<Services, 'platform' | 'redactor'>,
): Promise<BuildFacts> {
  const given = [...request.buildArgs].map(([key, value]) => ({ key, value }));
  const secrets = [...(await secretTexts(request.secrets)), ...redactor.known()];
  const concealer = createConcealer(hidden, [...given, ...stages.flatMap(variablesOf)], secrets);
  const main = await contextMaterial(request.context, sources);
  const materials = [...(main ? [main] : []), ...(await stageMaterials(request, stages, sources))];
  const steps = stages.flatMap((stage) => stage.steps.map((_, i) => provenanceStep(stage, i, concealer)));
  return {
    configSource: configSource(request, main, dockerfile),
    args: Object.fromEntries([
      ...given.map(({ key, value }) => [`build-arg:${key}`, concealer.variable(key, value)]),
      ...[...request.labels].map(([key, value]) => [`label:${key}`, concealer.variable(key, value)]),
    ]),
    options: {
      platform: formatPlatform(plan.platforms.target),
      ...(request.target ? { target: request.target } : {}),
    },
    secrets: [...request.secrets.keys()].sort(),
    ssh: [...(request.ssh ?? new Map()).keys()].sort(),
    locals: localsOf(request),
    builderPlatform: formatPlatform(platform),
    materials: uniqueMaterials(materials),
    steps,
    dockerfile: {
      path: dockerfileName(dockerfile),
      text: concealer.text(Buffer.from(dockerfile.bytes).toString('utf8')),
    },
    isHermetic: stages.every((stage) =>
      stage.steps.every(({ step }) => step.kind !== 'run' || step.network === 'none'),
    ),
    ...(plan.epoch === undefined
      ? {}
      : { time: new Date(plan.epoch * MS_PER_SECOND).toISOString().replace('.000Z', 'Z') }),
  };
}

function provenanceStep(stage: KeyedStage, index: number, concealer: Concealer): ProvenanceStep {
  const { step, definition } = stage.steps[index]!;
  const files = definition.inputs.filter(([name]) => FILE_INPUTS.has(name)).map(([, value]) => value);
  return {
    id: stepId(stage, index),
    stage: stage.dispatched.name,
    instruction: concealer.text(step.title),
    platform: formatPlatform(step.platform),
    definition: [
      ...definition.inputs
        .filter(([name, value]) => !FILE_INPUTS.has(name) && value !== '')
        .map(([name, value]): [string, string] => [name, inputText(name, value, concealer)]),
      ...(files.length ? [['files', `${files.length} ${digestOf(files.join('\n'))}`] as [string, string]] : []),
    ],
    lines: { start: step.location.start, end: step.location.end },
  };
}

function inputText(name: string, value: string, concealer: Concealer): string {
  const equals = value.indexOf('=');
  if (name !== 'env' || equals < 0) return concealer.text(value);
  const key = value.slice(0, equals);
  return `${key}=${concealer.variable(key, value.slice(equals + 1))}`;
}

function configSource(
  { context, dockerfile: source }: Pick<FactsRequest, 'context' | 'dockerfile'>,
  main: Material | undefined,
  dockerfile: LoadedDockerfile,
): BuildFacts['configSource'] {
  if (source.kind === 'url')
    return { uri: redactUrl(source.url), digest: sha256(dockerfile), path: dockerfileName(dockerfile) };
  const isInContext = source.kind === 'context' && context.kind !== 'directory' && main !== undefined;
  return { ...(isInContext ? main : { digest: sha256(dockerfile) }), path: dockerfileName(dockerfile) };
}

function sha256({ bytes }: LoadedDockerfile): Material['digest'] {
  return { sha256: digestOf(Buffer.from(bytes)).slice('sha256:'.length) };
}

/** Where it lies on the machine is nobody's business. */
function dockerfileName({ path }: LoadedDockerfile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Contexts whose files nothing outside of the machine names. */
function localsOf({ context, namedContexts }: Pick<FactsRequest, 'context' | 'namedContexts'>): string[] {
  const isLocal = (kind: ContextSource['kind'] | string): boolean => kind === 'directory' || kind === 'archive';
  return [
    ...(isLocal(context.kind) ? ['context'] : []),
    ...[...namedContexts].filter(([, { kind }]) => isLocal(kind)).map(([name]) => name),
  ].sort();
}

function uniqueMaterials(materials: readonly Material[]): Material[] {
  const unique = new Map(materials.map((each) => [`${each.uri} ${JSON.stringify(each.digest)}`, each]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}
