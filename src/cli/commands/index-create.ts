import { Command } from 'commander';
import { parseImageName } from '../../registry/image-name.ts';
import { type CommandRun, openImages } from '../image-services.ts';
import { parsePairs } from '../parse-pairs.ts';
import { repeated } from '../repeated.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface CreateFlags extends CommonFlags {
  readonly annotation: readonly string[];
}

/** `varve index create`. */
export function indexCreateCommand(run: CommandRun): Command {
  const command = new Command('create')
    .description(
      'Make an image index of images and of the images of other indexes, and put it with all of them under a name',
    )
    .argument('<name>', 'NAME, oci:DIR[:TAG], oci-archive:FILE[:TAG] or store:NAME')
    .argument('<image...>', 'NAME, an archive or layout, oci:, oci-archive:, docker-archive:, store:')
    .option('--annotation <key=value>', 'an annotation of the index (repeatable)', repeated, [])
    .action(async (name: string, texts: string[], flags: CreateFlags) => {
      const [{ createIndex }, { writeImage }, { keepContent }] = await Promise.all([
        import('../../build/images/create-index.ts'),
        import('../../registry/copy-image.ts'),
        import('../../build/images/local-images.ts'),
      ]);
      const place = parseImageName(name);
      const annotations = parsePairs('--annotation', flags.annotation, () => '');
      await using images = await openImages(flags, run);
      const { registry, store, signal } = images.services;
      const sources = [];
      for (const text of texts) sources.push(await images.open(text));
      const index = await createIndex(sources, annotations);
      await writeImage((digest) => index.origins.get(digest), index, [place], {
        registry,
        signal,
        keep: (content, reference) => keepContent(store, content, reference),
      });
      process.stdout.write(`${index.index.descriptor.digest}\n`);
    });
  return addCommonFlags(command);
}
