import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { build } from '../../build/build.ts';
import { createServices } from '../../build/create-services.ts';
import { exportImage } from '../../build/export-image.ts';
import { keepLocalImage } from '../../build/local-images.ts';
import { type NamedContext, parseNamedContext } from '../../build/named-context.ts';
import { type Output, parseOutput } from '../../build/output.ts';
import type { SecretValue } from '../../build/secrets.ts';
import { VarveError } from '../../errors.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { formatReference, parseReference } from '../../oci/reference.ts';
import type { Rung } from '../../sandbox/sandbox.ts';
import { buildMetadata } from '../build-metadata.ts';
import { parsePairs, parseSecret } from '../parse-pairs.ts';
import { type ProgressMode, renderProgress } from '../render-progress.ts';
import { addCommonFlags, type CommonFlags, positive, repeated, serviceOptions } from '../service-options.ts';

interface BuildFlags extends CommonFlags {
  readonly file?: string;
  readonly tag: readonly string[];
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly secret: readonly string[];
  readonly target?: string;
  readonly platform?: string;
  readonly output: readonly string[];
  readonly push?: boolean;
  readonly cache: boolean;
  readonly progress: ProgressMode;
  readonly isolation: 'auto' | Rung;
  readonly parallel?: number;
  readonly digestFile?: string;
  readonly metadataFile?: string;
  readonly iidfile?: string;
}

/** `varve build`. */
export function buildCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('build')
    .description('Build an image from a Dockerfile')
    .argument('<context>', 'the directory that COPY and ADD read from')
    .option('-f, --file <path>', 'the Dockerfile (default: CONTEXT/Dockerfile)')
    .option('-t, --tag <name>', 'name of the image (repeatable)', repeated, [])
    .option(
      '--build-arg <key=value>',
      'value of an ARG; KEY alone takes it from the environment (repeatable)',
      repeated,
      [],
    )
    .option(
      '--build-context <name=source>',
      'a directory or docker-image://NAME to use as NAME (repeatable)',
      repeated,
      [],
    )
    .option(
      '--secret <spec>',
      'id=ID,src=FILE or id=ID,env=NAME, for RUN --mount=type=secret (repeatable)',
      repeated,
      [],
    )
    .option('--target <stage>', 'the stage to build (default: the last one)')
    .option('--platform <os/arch>', "the image's platform (default: this machine's)")
    .option('-o, --output <spec>', 'type=oci|docker|tar|local,dest=PATH or type=registry (repeatable)', repeated, [])
    .option('--push', 'push to the registry of every --tag')
    .option('--no-cache', 'run every step')
    .addOption(
      new Option('--progress <mode>', 'how progress is shown').choices(['plain', 'json', 'quiet']).default('plain'),
    )
    .addOption(
      new Option('--isolation <rung>', 'how RUN is isolated').choices(['auto', 'oci', 'namespaces']).default('auto'),
    )
    .option('--parallel <n>', 'steps that run at once (default: the number of processors)', positive)
    .option('--digest-file <path>', "write the manifest's digest there")
    .option('--metadata-file <path>', "write the result's digests and names there, as JSON")
    .option('--iidfile <path>', "write the config's digest there")
    .action((context: string, flags: BuildFlags) => run(context, flags, signal, version));
  return addCommonFlags(command);
}

async function run(context: string, flags: BuildFlags, signal: AbortSignal, version: string): Promise<void> {
  const tags = flags.tag.map(parseTag);
  const outputs = outputsOf(flags);
  const path = flags.file ?? join(context, 'Dockerfile');
  const dockerfile = { path, bytes: await readDockerfile(path) };
  const progress = renderProgress(flags.progress, process.stderr);
  const options = serviceOptions(flags, { version, signal, progress });
  const request = {
    dockerfile,
    context: resolve(context),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    platform: flags.platform === undefined ? options.platform : onePlatform(flags.platform),
    buildArgs: parsePairs('--build-arg', flags.buildArg, (name) => process.env[name]),
    namedContexts: namedContexts(flags.buildContext),
    secrets: new Map<string, SecretValue>(flags.secret.map((text) => parseSecret(text, (name) => process.env[name]))),
    useCache: flags.cache,
  };
  await using services = await createServices(options);
  const image = await build(request, services);
  await exportImage(image, { outputs, tags, stdout: process.stdout, isRoot: process.getuid?.() === 0 }, services);
  if (outputs.length === 0) for (const tag of tags) await keepLocalImage(services.store, tag, image);
  const { digest } = image.manifest.descriptor;
  if (flags.digestFile !== undefined) await writeFile(flags.digestFile, digest);
  if (flags.iidfile !== undefined) await writeFile(flags.iidfile, image.config.descriptor.digest);
  if (flags.metadataFile !== undefined)
    await writeFile(flags.metadataFile, buildMetadata(image, tags.map(formatReference)));
  progress({ type: 'message', level: 'info', text: `image ${digest}`, time: options.clock.now() });
}

function outputsOf(flags: BuildFlags): Output[] {
  const outputs = flags.output.map(parseOutput);
  if (flags.push && !outputs.some(({ type }) => type === 'registry')) outputs.push({ type: 'registry', names: [] });
  if (flags.tag.length === 0 && outputs.some((output) => output.type === 'registry' && output.names.length === 0)) {
    throw new VarveError('USAGE', '--push needs a name to push to', {
      hint: 'add --tag REGISTRY/NAME:TAG',
      exitCode: 2,
    });
  }
  return outputs;
}

function parseTag(text: string) {
  const reference = parseReference(text);
  if (reference.digest === undefined) return reference;
  throw new VarveError('USAGE', `--tag ${text}: a name to give cannot have a digest`, { exitCode: 2 });
}

function onePlatform(text: string) {
  if (!text.includes(',')) return parsePlatform(text);
  throw new VarveError('UNSUPPORTED', `--platform ${text}: several platforms in one build are not supported yet`, {
    hint: 'build each platform with its own --tag',
    exitCode: 2,
  });
}

function namedContexts(texts: readonly string[]): Map<string, NamedContext> {
  const pairs = parsePairs('--build-context', texts, () => undefined);
  return new Map([...pairs].map(([name, value]) => [name.toLowerCase(), parseNamedContext(name, value)]));
}

async function readDockerfile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new VarveError(
      'DOCKERFILE_MISSING',
      `the Dockerfile ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
      {
        hint: 'name it with --file, and end the command with the context directory',
        cause: error,
      },
    );
  }
}
