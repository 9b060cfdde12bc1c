import { Command } from 'commander';
import { parseImageName } from '../../registry/image-name.ts';
import { type CommandRun, openImages, platformOf } from '../image-services.ts';
import { sendImage } from '../send-image.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface CopyFlags extends CommonFlags {
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly referrers?: boolean;
}

/** `varve copy`. */
export function copyCommand(run: CommandRun): Command {
  const command = new Command('copy')
    .description('Copy an image with all its platforms; names are those of skopeo, and a name alone is in a registry')
    .argument('<from>', 'NAME, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], store:NAME')
    .argument('<to>', 'likewise')
    .option('--platform <os/arch>', 'only the image for this platform (default: all)')
    .option('--referrers', 'also what refers to the image: attestations, signatures')
    .option('-q, --quiet', 'print only the digest')
    .action(async (from: string, to: string, flags: CopyFlags) => {
      const place = parseImageName(to);
      await using images = await openImages(flags, run);
      const options = {
        platform: platformOf(flags.platform, undefined),
        quiet: flags.quiet ?? false,
        referrers: flags.referrers ?? false,
      };
      const digest = await sendImage(await images.open(from), [place], options, images);
      process.stdout.write(`${digest}\n`);
    });
  return addCommonFlags(command);
}
