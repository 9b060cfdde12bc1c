import { Command, Option } from 'commander';
import { type CommandRun, openImages, platformOf } from '../image-services.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface DiffFlags extends CommonFlags {
  readonly platform?: string;
  readonly times?: boolean;
  readonly exitCode?: boolean;
  readonly format: 'text' | 'json';
}

/** `varve diff`. */
export function diffCommand(run: CommandRun): Command {
  const command = new Command('diff')
    .description('Compare two images: files by content, mode, owner and more, and the configs')
    .argument('<before>', 'NAME, an archive or layout, oci:, oci-archive:, docker-archive:, store:')
    .argument('<after>', 'likewise')
    .option('--platform <os/arch>', "which image of several (default: this machine's)")
    .option('--times', 'another mtime alone is a difference too')
    .option('--exit-code', 'end with 1 when they differ')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (before: string, after: string, flags: DiffFlags) => {
      const [{ diffImages }, { readImage }, { chosenImage }, { diffText }] = await Promise.all([
        import('../../build/images/diff-images.ts'),
        import('../../build/images/read-image.ts'),
        import('../choose-image.ts'),
        import('../diff-text.ts'),
      ]);
      await using images = await openImages(flags, run);
      const read = async (text: string) => {
        const source = await images.open(text);
        return readImage(source, await chosenImage(source, platformOf(flags.platform, undefined), images.platform));
      };
      const options = { times: flags.times ?? false };
      const diff = await diffImages(await read(before), await read(after), options, images.services);
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(diff, null, 2)}\n` : diffText(diff));
      if (flags.exitCode && diff.files.length + diff.config.length > 0) process.exitCode = 1;
    });
  return addCommonFlags(command);
}
