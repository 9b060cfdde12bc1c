import { writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { linkedTargets, type SelectedTarget, type Selection } from '../../bake/select-targets.ts';
import { checkAttest } from '../../build/attest/check-attest.ts';
import { buildMany, type JointTarget, type TargetOutcome } from '../../build/build-many.ts';
import { type NamedContext, namedContextKey } from '../../build/contexts/named-context.ts';
import { createServices } from '../../build/create-services.ts';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { foreseeMany } from '../../build/foresee-many.ts';
import { type Exported, exportImage } from '../../build/output/export-image.ts';
import {
  checkPushPermissions,
  earlyPushes,
  insecurePushes,
  pushedRepositories,
} from '../../build/output/push-destinations.ts';
import { countProgress } from '../../build/progress-totals.ts';
import type { Services } from '../../build/services.ts';
import { VarveError } from '../../errors.ts';
import { systemClock } from '../../io/clock.ts';
import { formatReference } from '../../oci/reference.ts';
import { answerCall } from '../answer-call.ts';
import { attestOf } from '../attest-flags.ts';
import { bucketAccess } from '../bucket-access.ts';
import type { BuildFlags } from '../build-flags.ts';
import { buildMetadata } from '../build-metadata.ts';
import { type BuildSource, buildRequest } from '../build-request.ts';
import { savedMountsOptions } from '../cache-mount-flags.ts';
import { readContextArgument } from '../context-argument.ts';
import { formOf, outputsOf, parseTags } from '../output-flags.ts';
import { renderProgress } from '../progress/render-progress.ts';
import { serviceOptions } from '../service-options.ts';
import { type TracedView, withTracing } from '../tracing/with-tracing.ts';
import { affectedJson, affectedText } from './affected-text.ts';
import { type BakeFlags, cacheWords } from './bake-flags.ts';
import { bakeSummary } from './bake-summary.ts';
import { checkEntitlements } from './check-entitlements.ts';
import { namedServices } from './named-progress.ts';
import { bakeOnKubernetes } from './on-kubernetes.ts';
import type { Prepared } from './prepared-target.ts';
import { sharedCache, sharedLayers } from './shared-options.ts';
import { targetFlags } from './target-flags.ts';

export interface BakeRun {
  readonly signal: AbortSignal;
  readonly version: string;
}

/**
 * Builds the targets as one graph, or answers a --call about each.
 * @throws VarveError the first target's that failed, when all have ended
 */
export async function runBake(selection: Selection, flags: BakeFlags, run: BakeRun): Promise<void> {
  const strict = ['1', 'true'].includes(process.env.BUILDX_BAKE_ENTITLEMENTS_FS ?? '');
  const warnings = checkEntitlements(selection, flags.allow, { directory: process.cwd(), strict });
  const view = await renderProgress(flags.progress, { out: process.stderr, env: process.env, clock: systemClock });
  try {
    const about = { name: 'varve bake', version: run.version, env: process.env, out: process.stderr };
    await withTracing(view, about, (traced) => bakeShown(selection, flags, run, traced, warnings));
  } finally {
    view.end();
  }
}

async function bakeShown(
  selection: Selection,
  flags: BakeFlags,
  run: BakeRun,
  view: TracedView,
  warnings: readonly string[],
): Promise<void> {
  const { progress, end } = countProgress(view.progress, systemClock);
  const flagsOf = targetFlags(cacheWords(flags));
  const all = [...selection.targets].map(([name, target]) => ({ name, target, flags: flagsOf(name, target) }));
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const options = serviceOptions(flags, {
    version: run.version,
    signal,
    progress,
    layers: sharedLayers(all),
    insecurePushes: all.flatMap(({ flags }) => insecurePushes(outputsOf(flags), parseTags(flags))),
    stepEnv: view.stepEnv,
  });
  const prepared: Prepared[] = [];
  for (const each of all) {
    const request = await buildRequest(await sourceOf(each.target, signal), withFile(each.flags, each.target), {
      platform: options.platform,
      env: process.env,
      stdin: process.stdin,
      signal,
    }).catch((error: unknown) => {
      throw error instanceof VarveError ? error.prefixed(`target ${each.name}: `) : error;
    });
    prepared.push({ ...each, request });
  }
  if (flags.call.method !== 'build') return answerAll(prepared, flags, () => createServices(options));
  const cache = await sharedCache(all);
  const cacheMounts = savedMountsOptions(flags, cache);
  await using services = await createServices({
    ...options,
    ...(cache ? { cache } : {}),
    ...(cacheMounts ? { cacheMounts } : {}),
  });
  for (const warning of warnings) services.log.warn(warning);
  if (flags.affected !== undefined) {
    const found = await foreseeMany(
      prepared.map(({ name, target, request }) => ({
        name,
        request,
        services: namedServices(name, services),
        links: linksOf(target),
      })),
    );
    process.stdout.write(flags.affected === 'json' ? affectedJson(found) : affectedText(found));
    return;
  }
  if (flags.on === 'kubernetes') {
    const links = new Map(prepared.map(({ name, target }) => [name, linksOf(target)]));
    await bakeOnKubernetes(prepared, {
      flags,
      services,
      links,
      giveUp: (error) => stop.abort(error),
      signal,
      end: (result) => {
        end(result);
        view.end();
      },
    });
    return;
  }
  await checkPushPermissions(
    prepared.flatMap(({ flags: own }) => pushedRepositories(outputsOf(own), parseTags(own))),
    services,
  );
  const records = new Map<string, BuildRecord>();
  const exported = new Map<string, Exported>();
  const outcomes = await buildMany(
    prepared.map((each) => jointTarget(each, services, run.version, records, exported)),
    flags.keepGoing ? undefined : (error) => stop.abort(error),
  );
  const failed = [...outcomes.values()].find((outcome) => outcome.status === 'failed');
  progress({ type: 'bake-end', targets: bakeSummary(outcomes, records), time: options.clock.now() });
  end(failed ? 'failed' : 'done');
  view.end();
  if (flags.metadataFile !== undefined && (!failed || flags.keepGoing))
    await writeFile(resolve(flags.metadataFile), metadataOf(outcomes, exported));
  if (failed) throw failed.error;
}

function jointTarget(
  { name, target, flags, request }: Prepared,
  services: Services,
  version: string,
  records: Map<string, BuildRecord>,
  exported: Map<string, Exported>,
): JointTarget {
  const outputs = outputsOf(flags);
  const tags = parseTags(flags);
  const form = formOf(flags);
  const attest = attestOf(flags);
  if (attest) checkAttest(attest, outputs, form);
  const own = namedServices(name, services);
  const sending = {
    outputs,
    form,
    tags,
    ...(attest ? { attest: { ...attest, tool: `varve-${version}` } } : {}),
    ignoreImmutableTags: false,
    stdout: process.stdout,
    isRoot: process.getuid?.() === 0,
  };
  return {
    name,
    services: own,
    request: {
      ...request,
      pushTo: earlyPushes(outputs, tags, form),
      withFacts: attest?.provenance !== undefined,
      recorded: (record) => void records.set(name, record),
    },
    links: linksOf(target),
    async deliver(result) {
      exported.set(name, await exportImage(result, sending, own));
    },
  };
}

/** The targets whose images are contexts of this one, by the contexts' keys. */
function linksOf(target: SelectedTarget): ReadonlyMap<string, string> {
  const links = Object.entries(target.contexts ?? {}).filter(([, value]) => value.startsWith('target:'));
  return new Map(links.map(([key, value]) => [namedContextKey(key), value.slice('target:'.length)]));
}

/** Where the target's files are; a Dockerfile that is written in the bake file is one that is given. */
async function sourceOf(
  { context, 'dockerfile-inline': inline }: SelectedTarget,
  signal: AbortSignal,
): Promise<string | BuildSource> {
  if (context === '-') throw new VarveError('UNSUPPORTED', 'context from stdin not allowed in bake', { exitCode: 2 });
  if (inline === undefined) return context;
  const dockerfile = { kind: 'given', path: 'dockerfile-inline', bytes: Buffer.from(inline) } as const;
  if (!isAddress(context)) return { context: { kind: 'directory', path: resolve(context) }, dockerfile };
  const reading = { stdin: process.stdin, buckets: bucketAccess(process.env, signal) };
  return { ...(await readContextArgument(context, 'Dockerfile', reading)), dockerfile };
}

function withFile(flags: BuildFlags, { context, dockerfile }: SelectedTarget): BuildFlags {
  if (dockerfile === '-')
    throw new VarveError('UNSUPPORTED', 'dockerfile from stdin not allowed in bake', { exitCode: 2 });
  const isElsewhere = isAddress(context) || isAddress(dockerfile) || isAbsolute(dockerfile);
  return { ...flags, file: isElsewhere ? dockerfile : join(context, dockerfile) };
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(text);
}

async function answerAll(
  prepared: readonly Prepared[],
  { call }: BakeFlags,
  open: () => Promise<Services & AsyncDisposable>,
): Promise<void> {
  const linked = prepared.find(({ target }) => linkedTargets(target).length);
  if (linked && call.method === 'outline')
    throw new VarveError(
      'UNSUPPORTED',
      `--call outline: ${linked.name} stands on another target, which would have to be built`,
    );
  let status = 0;
  const answers: Record<string, object> = {};
  for (const { name, target, request } of prepared) {
    const unbuilt = [...linksOf(target).keys()].map((key) => [key, { kind: 'built', images: [] }] as const);
    const namedContexts = new Map<string, NamedContext>([...request.namedContexts, ...unbuilt]);
    const answer = await answerCall(call, { ...request, namedContexts }, open, 'allow');
    answers[name] = answer.json;
    status ||= answer.error ? 1 : answer.status;
    if (call.format === 'json') continue;
    process.stdout.write(`${name}\n${target.description ? `${target.description}\n` : ''}\n${answer.text}`);
    if (answer.error) process.stdout.write(`error: ${answer.error.message}\n`);
    process.stdout.write('\n');
  }
  if (call.format === 'json') {
    const target = Object.fromEntries(Object.entries(answers).map(([name, json]) => [name, { [call.method]: json }]));
    process.stdout.write(`${JSON.stringify({ target }, null, 2)}\n`);
  }
  process.exitCode = status;
}

function metadataOf(outcomes: ReadonlyMap<string, TargetOutcome>, exported: ReadonlyMap<string, Exported>): string {
  const entries = [...outcomes].flatMap(([name, outcome]) => {
    if (outcome.status !== 'built') return [];
    const { result, names } = exported.get(name) ?? { result: outcome.result, names: [] };
    return [[name, JSON.parse(buildMetadata(result, names.map(formatReference))) as object] as const];
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
