import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { formatReference, parseReference } from '../../oci/reference.ts';
import { type CommandRun, openImages, platformOf } from '../image-services.ts';
import { sendImage } from '../send-image.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';

interface PushFlags extends CommonFlags {
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly referrers?: boolean;
  readonly digestFile?: string;
  readonly imageNameTagWithDigestFile?: string;
}

/** `varve push`. */
export function pushCommand(run: CommandRun): Command {
  const command = new Command('push')
    .description('Push an image of an archive, an OCI layout, the store or another registry under one or more names')
    .argument(
      '<image>',
      'an archive or layout, with or without oci-archive:, docker-archive: or oci:; store:NAME; a name',
    )
    .argument('<name...>', 'what it is called in the registry')
    .option('--platform <os/arch>', 'only the image for this platform (default: all)')
    .option('--referrers', 'also what refers to the image: attestations, signatures')
    .option('-q, --quiet', 'say nothing of blobs')
    .option('--digest-file <path>', 'write the digest there')
    .option('--image-name-tag-with-digest-file <path>', 'write NAME:TAG@DIGEST there, a line for each name')
    .action(async (image: string, names: string[], flags: PushFlags) => {
      const references = names.map(parseReference);
      await using images = await openImages(flags, run);
      const places = references.map((reference) => ({ kind: 'registry', reference }) as const);
      const options = {
        platform: platformOf(flags.platform, undefined),
        quiet: flags.quiet ?? false,
        referrers: flags.referrers ?? false,
      };
      const digest = await sendImage(await images.open(image), places, options, images);
      const lines = references.map((reference) => `${formatReference(reference)}@${digest}\n`).join('');
      if (flags.digestFile !== undefined) await writeFile(flags.digestFile, digest);
      if (flags.imageNameTagWithDigestFile !== undefined) await writeFile(flags.imageNameTagWithDigestFile, lines);
      process.stdout.write(`${digest}\n`);
    });
  return addCommonFlags(command);
}
