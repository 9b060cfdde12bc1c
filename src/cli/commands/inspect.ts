import { Command, Option } from 'commander';
import { type CommandRun, openImages, platformOf } from '../image-services.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface InspectFlags extends CommonFlags {
  readonly platform?: string;
  readonly files?: boolean;
  readonly format: 'text' | 'json';
}

/** `varve inspect`. */
export function inspectCommand(run: CommandRun): Command {
  const command = new Command('inspect')
    .description('Show an image: its config, history, layers and sizes, and what files each layer has')
    .argument('<image>', 'NAME, an archive or layout, oci:, oci-archive:, docker-archive:, store:')
    .option('--platform <os/arch>', "which image of several (default: this machine's)")
    .option('--files', 'also list the files of each layer; all layers are read')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (text: string, flags: InspectFlags) => {
      const [{ inspectImage }, { chosenImage }, { imageText }] = await Promise.all([
        import('../../build/images/inspect-image.ts'),
        import('../choose-image.ts'),
        import('../image-text.ts'),
      ]);
      await using images = await openImages(flags, run);
      const source = await images.open(text);
      const descriptor = await chosenImage(source, platformOf(flags.platform, undefined), images.platform);
      const report = await inspectImage(source, descriptor, { files: flags.files ?? false }, images.services);
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : imageText(report));
    });
  return addCommonFlags(command);
}
