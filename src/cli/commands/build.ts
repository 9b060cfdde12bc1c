import { writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { Command } from 'commander';
import { checkAttest } from '../../build/attest/check-attest.ts';
import type { BuildRequest } from '../../build/build.ts';
import { buildImage } from '../../build/build-image.ts';
import type { CachePlace } from '../../build/cache/cache-options.ts';
import { createServices } from '../../build/create-services.ts';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { uselessAnnotations } from '../../build/images/annotations.ts';
import { topOf } from '../../build/images/build-result.ts';
import { type Exported, exportImage } from '../../build/output/export-image.ts';
import {
  checkPushPermissions,
  earlyPushes,
  insecurePushes,
  pushedRepositories,
} from '../../build/output/push-destinations.ts';
import { countProgress } from '../../build/progress-totals.ts';
import { systemClock } from '../../io/clock.ts';
import type { RegistryAccess } from '../../registry/registry-access.ts';
import { answerCall } from '../answer-call.ts';
import { attestOf, uselessAttestations } from '../attest-flags.ts';
import { addBuildFlags, type BuildFlags } from '../build-flags.ts';
import { imageId } from '../build-metadata.ts';
import { checkReportFlags, reportBuild } from '../build-report.ts';
import { type BuildSource, buildRequest, type CheckedRequest } from '../build-request.ts';
import { cacheOptions } from '../cache-flags.ts';
import { savedMountsOptions } from '../cache-mount-flags.ts';
import { writeImageFiles } from '../image-files.ts';
import { inPlaceOptions } from '../in-place-flags.ts';
import { formOf, layersOf, outputsOf, parseTags } from '../output-flags.ts';
import { type Call, parseCall } from '../parse-call.ts';
import { printAnswer } from '../print-answer.ts';
import { renderProgress } from '../progress/render-progress.ts';
import { serviceOptions } from '../service-options.ts';
import { textFetcher } from '../text-fetcher.ts';
import { type TracedView, withTracing } from '../tracing/with-tracing.ts';

/** `varve build`. */
export function buildCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('build')
    .description('Build an image from a Dockerfile')
    .argument(
      '<context>',
      'what COPY and ADD read from: a directory, a git repository, the URL of a tar or Dockerfile, tar://FILE, oci-artifact://REF, s3://BUCKET/KEY, gs://BUCKET/OBJECT, or - for one from stdin',
    )
    .action(async (context: string, flags: BuildFlags) => {
      await runBuild(context, flags, { signal, version });
    });
  return addBuildFlags(command);
}

/** How a build is started. */
export interface BuildRun {
  readonly signal: AbortSignal;
  readonly version: string;
  /** Where progress and warnings go; standard error when absent. */
  readonly out?: Writable;
  /** Stages to build besides, which go nowhere. */
  readonly moreTargets?: readonly string[];
}

/**
 * Builds, or answers a --call, as the flags say.
 * @param source the context, or what was read of it
 * @returns what left, and under which names; undefined when nothing was built
 */
export async function runBuild(
  source: string | BuildSource,
  flags: BuildFlags,
  run: BuildRun,
): Promise<Exported | undefined> {
  checkReportFlags(flags, outputsOf(flags));
  const { out = process.stderr } = run;
  const view = await renderProgress(flags.quiet ? 'quiet' : flags.progress, {
    out,
    env: process.env,
    clock: systemClock,
  });
  try {
    const about = { name: 'varve build', version: run.version, env: process.env, out };
    return await withTracing(view, about, (traced) => runShown(source, flags, run, traced));
  } finally {
    view.end();
  }
}

async function runShown(
  source: string | BuildSource,
  flags: BuildFlags,
  { signal, version, moreTargets = [] }: BuildRun,
  view: TracedView,
): Promise<Exported | undefined> {
  const tags = parseTags(flags);
  const outputs = outputsOf(flags);
  const form = formOf(flags);
  const attest = attestOf(flags);
  if (attest) checkAttest(attest, outputs, form);
  const { progress, end } = countProgress(view.progress, systemClock);
  const { stepEnv } = view;
  const options = serviceOptions(flags, {
    version,
    signal,
    progress,
    layers: layersOf(outputs, form),
    insecurePushes: insecurePushes(outputs, tags),
    stepEnv,
  });
  const request = await buildRequest(source, flags, {
    platform: options.platform,
    env: process.env,
    stdin: process.stdin,
    signal,
  });
  const call = callOf(flags);
  if (call.method !== 'build') {
    await answer(call, request, flags, () => createServices(options));
    return undefined;
  }
  const cache = await cacheOptions(flags);
  const cacheMounts = savedMountsOptions(flags, cache);
  const places = [...(cache?.from ?? []), ...[cache?.to?.place ?? [], cacheMounts?.place ?? []].flat()];
  const inPlace = inPlaceOptions(flags.isolation, flags, process.env, localPaths(request, options, places));
  await using services = await createServices({
    ...options,
    ...(cache ? { cache } : {}),
    ...(cacheMounts ? { cacheMounts } : {}),
    ...(inPlace ? { inPlace } : {}),
  });
  const useless = uselessAnnotations(request.annotations, outputs);
  if (useless !== undefined) services.log.warn(useless);
  const unattested = uselessAttestations(attest, outputs);
  if (unattested !== undefined) services.log.warn(unattested);
  const target = {
    outputs,
    form,
    tags,
    ...(attest ? { attest: { ...attest, tool: `varve-${version}` } } : {}),
    ignoreImmutableTags: flags.pushIgnoreImmutableTagErrors ?? false,
    stdout: process.stdout,
    isRoot: process.getuid?.() === 0,
  };
  const repositories = pushedRepositories(outputs, tags);
  if (!flags.skipPushPermissionCheck) await checkPushPermissions(repositories, services);
  let record: BuildRecord | undefined;
  const report = async (): Promise<void> => {
    if (record) await reportBuild(record, flags, services, process.stdout);
  };
  const noted = {
    ...request,
    withFacts: attest?.provenance !== undefined,
    recorded: (build: BuildRecord) => void (record = build),
  };
  let exported: Exported | undefined;
  const pushTo = earlyPushes(outputs, tags, form);
  for (const target of moreTargets) await buildImage({ ...request, target }, services, async () => {});
  const result = await buildImage({ ...noted, pushTo }, services, async (built) => {
    exported = await exportImage(built, target, services);
  }).catch(async (error: unknown) => {
    end('failed');
    view.end();
    await report().catch((problem: Error) => services.log.warn(problem.message));
    throw error;
  });
  const left = exported ?? { result, names: tags };
  await writeImageFiles(left, flags, textFetcher(process.env, options.userAgent));
  const text = `image ${topOf(left.result).descriptor.digest}`;
  progress({ type: 'message', level: 'info', text, time: options.clock.now() });
  end('done');
  view.end();
  await report();
  if (flags.quiet) process.stdout.write(`${imageId(left.result)}\n`);
  return left;
}

/** `--check` is short for `--call check`. */
function callOf({ check, call }: BuildFlags): Call {
  return check && call.method === 'build' ? parseCall('check') : call;
}

async function answer(
  call: Call,
  request: CheckedRequest,
  { metadataFile }: BuildFlags,
  open: Parameters<typeof answerCall>[2],
): Promise<void> {
  const found = await answerCall(call, request, open);
  if (metadataFile !== undefined) await writeFile(metadataFile, JSON.stringify({ 'result.json': found.json }, null, 2));
  printAnswer(found, call);
}

/** What a build reads of this machine's files after its first RUN. */
function localPaths(
  { context, namedContexts, secrets, ssh }: BuildRequest,
  { certificates, clientCertificates, certificateDirectories, authorities }: RegistryAccess,
  places: readonly CachePlace[],
): string[] {
  const sources = [context, ...namedContexts.values()].flatMap((source) => {
    if (source.kind === 'archive') return source.name.startsWith('/') ? [source.name] : [];
    return 'path' in source ? [source.path] : [];
  });
  const files = [...secrets.values()].flatMap((secret) => ('file' in secret ? [secret.file] : []));
  return [
    ...sources,
    ...files,
    ...[...(ssh?.values() ?? [])].flat(),
    ...places.flatMap((place) => (place.kind === 'layout' ? [place.path] : [])),
    ...(certificates?.values() ?? []),
    ...[...(clientCertificates?.values() ?? [])].flatMap(({ cert, key }) => [cert, key]),
    ...(certificateDirectories ?? []),
    ...(authorities ?? []),
  ];
}
