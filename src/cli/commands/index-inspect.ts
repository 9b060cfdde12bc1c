import { Command, Option } from 'commander';
import { VarveError } from '../../errors.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { type CommandRun, openImages } from '../image-services.ts';
import { printable } from '../printable.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';
import { formatBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';

interface InspectFlags extends CommonFlags {
  readonly format: 'text' | 'json';
}

/** `varve index inspect`. */
export function indexInspectCommand(run: CommandRun): Command {
  const command = new Command('inspect')
    .description("Show an image index: its images' platforms and digests; json is the index itself")
    .argument('<image>', 'NAME, an archive or layout, oci:, oci-archive:, store:')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (text: string, flags: InspectFlags) => {
      const { readManifest } = await import('../../registry/image-source.ts');
      await using images = await openImages(flags, run);
      const source = await images.open(text);
      const top = await readManifest(source, source.top.descriptor);
      if (top.kind !== 'index') {
        throw new VarveError('USAGE', `${text} is an image and no index`, { hint: 'use varve inspect', exitCode: 2 });
      }
      if (flags.format === 'json') {
        process.stdout.write(`${JSON.stringify(top.index, null, 2)}\n`);
        return;
      }
      const rows = top.index.manifests.map(({ platform, digest, size, mediaType, artifactType }) => [
        platform ? formatPlatform(platform) : '',
        digest,
        formatBytes(size),
        printable(artifactType ?? mediaType),
      ]);
      const head = [
        ['Digest', top.descriptor.digest],
        ['Type', top.mediaType],
      ];
      const notes = Object.entries(top.index.annotations ?? {}).map(([key, value]) => [
        'Annotation',
        printable(`${key}=${value}`),
      ]);
      process.stdout.write(
        `${textTable([...head, ...notes])}\n${textTable([['PLATFORM', 'DIGEST', 'MANIFEST', 'TYPE'], ...rows], [2])}`,
      );
    });
  return addCommonFlags(command);
}
