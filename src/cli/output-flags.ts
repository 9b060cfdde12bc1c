import { type Command, Option } from 'commander';
import { COMPRESSION_NAMES, type CompressionName, type ImageForm, layerForm } from '../build/images/image-form.ts';
import { type Output, parseOutput } from '../build/output/output.ts';
import { VarveError } from '../errors.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { compressionLevel } from './layer-options.ts';
import { repeated } from './repeated.ts';

/** Where an image goes, in which form, and what is written about it. */
export interface OutputFlags {
  readonly tag: readonly string[];
  readonly output: readonly string[];
  /** False for --no-push. */
  readonly push?: boolean;
  readonly load?: boolean;
  readonly skipPushPermissionCheck?: boolean;
  readonly pushIgnoreImmutableTagErrors?: boolean;
  readonly ociLayoutPath?: string;
  readonly tarPath?: string;
  readonly imageFormat?: 'oci' | 'docker';
  readonly compression?: CompressionName;
  readonly compressionLevel?: number;
  readonly forceCompression?: boolean;
  readonly rewriteTimestamp?: boolean;
  readonly reproducible?: boolean;
  readonly digestFile?: string;
  readonly imageNameWithDigestFile?: string;
  readonly imageNameTagWithDigestFile?: string;
  readonly metadataFile?: string;
  readonly iidfile?: string;
}

/** Adds the flags of {@link OutputFlags}. */
export function addOutputFlags(command: Command): Command {
  return command
    .option('-t, --tag <name>', 'name of the image (repeatable)', repeated, [])
    .option(
      '-o, --output <spec>',
      'type=image|registry|oci|docker|tar|local|cacheonly with dest=, name= and more, see docs/outputs.md (repeatable)',
      repeated,
      [],
    )
    .option('--push', 'push to the registry of every --tag')
    .option('--load', 'refused: there is no daemon to load into')
    .option('--no-push', 'push nothing, whatever else says so')
    .option('--skip-push-permission-check', 'do not ask the registries before the build whether it may be pushed there')
    .option('--push-ignore-immutable-tag-errors', 'a tag that exists and may not change stays, with a warning')
    .option('--oci-layout-path <dir>', 'also write an OCI layout there: --output type=oci,tar=false,dest=DIR')
    .option('--tar-path <file>', 'also write an archive for docker load there: --output type=docker,dest=FILE')
    .addOption(
      new Option(
        '--image-format <types>',
        "whose media types the image has (default: those of the base, OCI's where there is none)",
      ).choices(['oci', 'docker']),
    )
    .addOption(
      new Option('--compression <method>', 'how new layers are compressed (default: gzip)').choices(COMPRESSION_NAMES),
    )
    .option(
      '--compression-level <n>',
      "0 to 9 for gzip and estargz (the method's default: 6), 1 to 22 for zstd (3); -1 is the default",
      compressionLevel,
    )
    .option('--force-compression', "compress the base's layers so as well")
    .option('--rewrite-timestamp', 'files of new layers that are younger than SOURCE_DATE_EPOCH get its time')
    .option(
      '--reproducible',
      'the same input gives the same image: --rewrite-timestamp, with SOURCE_DATE_EPOCH=0 where none is given',
    )
    .option('--digest-file <path>', 'write the digest of the manifest, or of the index, there')
    .option('--image-name-with-digest-file <path>', 'write NAME@DIGEST there, a line for each name')
    .option('--image-name-tag-with-digest-file <path>', 'write NAME:TAG@DIGEST there, a line for each name')
    .option('--metadata-file <path>', "write the result's digests and names there, as JSON")
    .option('--iidfile <path>', "write the config's digest there, or the index's");
}

/** Where the image goes; --push, --oci-layout-path and --tar-path are outputs too, and a name alone means the store. */
export function outputsOf(flags: OutputFlags): Output[] {
  if (flags.load)
    throw new VarveError('USAGE', '--load: there is no daemon to load into', {
      hint: '--output type=docker,dest=image.tar writes what docker load reads; --tag alone keeps the image in the store',
      exitCode: 2,
    });
  const given = flags.output.flatMap(parseOutput);
  if (flags.ociLayoutPath !== undefined)
    given.push({ type: 'oci', dest: flags.ociLayoutPath, archive: false, names: [] });
  if (flags.tarPath !== undefined) given.push({ type: 'docker', dest: flags.tarPath, names: [] });
  if (flags.push && !given.some(({ type }) => type === 'registry')) given.push({ type: 'registry', names: [] });
  if (given.length === 0 && flags.tag.length > 0) given.push({ type: 'store', names: [] });
  const outputs = flags.push === false ? given.filter(({ type }) => type !== 'registry') : given;
  for (const output of outputs) requireName(output, flags);
  return outputs;
}

function requireName(output: Output, { tag }: OutputFlags): void {
  if ((output.type !== 'registry' && output.type !== 'store') || tag.length > 0 || output.names.length > 0) return;
  const what = output.type === 'registry' ? '--push needs a name to push to' : 'type=image needs a name for the store';
  throw new VarveError('USAGE', what, { hint: 'add --tag REGISTRY/NAME:TAG', exitCode: 2 });
}

/** The form of images whose output says nothing else. */
export function formOf(flags: OutputFlags): ImageForm {
  const { imageFormat, compression, forceCompression, rewriteTimestamp, reproducible } = flags;
  const isGiven = compression !== undefined || flags.compressionLevel !== undefined;
  return {
    ...(imageFormat === undefined ? {} : { format: imageFormat }),
    ...(isGiven ? { layers: layerForm(compression ?? 'gzip', flags.compressionLevel) } : {}),
    ...(forceCompression ? { forceCompression } : {}),
    ...(rewriteTimestamp || reproducible ? { rewriteTimestamp: true } : {}),
  };
}

/** How steps' layers are compressed at once: as the command line says, else as the first output that says it. */
export function layersOf(outputs: readonly Output[], form: ImageForm): ImageForm['layers'] {
  return form.layers ?? outputs.flatMap((output) => ('form' in output ? (output.form?.layers ?? []) : []))[0];
}

/** The names that --tag gives. */
export function parseTags(flags: Pick<OutputFlags, 'tag'>): Reference[] {
  return flags.tag.map(parseTag);
}

function parseTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return reference;
  throw new VarveError('USAGE', `--tag ${text}: a name to give cannot have a digest`, { exitCode: 2 });
}
