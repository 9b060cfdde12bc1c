import { Command, Option } from 'commander';
import { VarveError } from '../../errors.ts';
import { type CommandRun, openImages } from '../image-services.ts';
import { addCommonFlags, type CommonFlags } from '../service-options.ts';
import { formatBytes } from '../sizes.ts';

interface ValidateFlags extends CommonFlags {
  readonly format: 'text' | 'json';
}

/** `varve validate`. */
export function validateCommand(run: CommandRun): Command {
  const command = new Command('validate')
    .description(
      'Read an image whole, all platforms, and compute anew what it says of itself; ends with 1 when it is wrong',
    )
    .argument('<image>', 'NAME, an archive or layout, oci:, oci-archive:, docker-archive:, store:')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (text: string, flags: ValidateFlags) => {
      const { validateImage } = await import('../../build/images/validate-image.ts');
      await using images = await openImages(flags, run);
      const { checked, problems } = await validateImage(await images.open(text), images.services);
      if (flags.format === 'json') process.stdout.write(`${JSON.stringify({ checked, problems }, null, 2)}\n`);
      else {
        for (const { where, code, message } of problems) process.stdout.write(`${where}: ${code}: ${message}\n`);
        const { documents, layers, bytes, entries } = checked;
        process.stdout.write(
          `${documents} documents and ${layers} layers (${formatBytes(bytes)}, ${entries} entries) were checked\n`,
        );
      }
      if (problems.length > 0)
        throw new VarveError('IMAGE_INVALID', `${text} is not as it says it is: ${problems.length} problems`);
    });
  return addCommonFlags(command);
}
