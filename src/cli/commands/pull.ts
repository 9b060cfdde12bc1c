import { Command } from 'commander';
import { VarveError } from '../../errors.ts';
import { parseImageName } from '../../registry/image-name.ts';
import { type CommandRun, openImages, platformOf } from '../image-services.ts';
import { sendImage } from '../send-image.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface PullFlags extends CommonFlags {
  readonly platform?: string;
  readonly output?: string;
  readonly quiet?: boolean;
}

/** `varve pull`. */
export function pullCommand(run: CommandRun): Command {
  const command = new Command('pull')
    .description('Pull an image from a registry into the store, where FROM finds it by name, or into a file')
    .argument('<name>', "the image's name")
    .option('--platform <os/arch>', "the image's platform, or all (default: this machine's)")
    .option(
      '-o, --output <place>',
      'oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME] (default: the store)',
    )
    .option('-q, --quiet', 'print only the digest')
    .action(async (text: string, flags: PullFlags) => {
      const name = parseImageName(text);
      if (name.kind !== 'registry')
        throw new VarveError('USAGE', `${text} is no name in a registry`, { hint: 'use varve copy', exitCode: 2 });
      const place =
        flags.output === undefined
          ? { kind: 'store' as const, reference: name.reference }
          : parseImageName(flags.output);
      if (place.kind === 'registry')
        throw new VarveError('USAGE', `--output ${flags.output}: pull writes files`, {
          hint: 'use varve copy',
          exitCode: 2,
        });
      await using images = await openImages(flags, run);
      const options = {
        platform: platformOf(flags.platform, images.platform),
        quiet: flags.quiet ?? false,
        referrers: false,
      };
      const digest = await sendImage(await images.open(text), [place], options, images);
      process.stdout.write(`${digest}\n`);
    });
  return addCommonFlags(command);
}
