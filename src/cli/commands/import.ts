import { resolve } from 'node:path';
import { Command } from 'commander';
import { createServices } from '../../build/create-services.ts';
import { importRoot } from '../../build/images/import-root.ts';
import { keepLocalImage } from '../../build/images/local-images.ts';
import { exportImage } from '../../build/output/export-image.ts';
import { systemClock } from '../../io/clock.ts';
import { parsePlatformOn } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import { type ProgressMode, progressOption, renderProgress } from '../progress/render-progress.ts';
import { addCommonFlags, type CommonFlags, serviceOptions } from '../service-options.ts';

interface ImportFlags extends CommonFlags {
  readonly platform?: string;
  readonly push?: boolean;
  readonly progress?: ProgressMode;
}

/** `varve import`. */
export function importCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('import')
    .description('Make a base image from a tar of a root filesystem; FROM NAME then finds it in this store')
    .argument('<rootfs>', 'a tar, which may be compressed with gzip, zstd, bzip2 or xz')
    .argument('<name>', "the image's name")
    .option('--platform <os/arch>', "the image's platform (default: this machine's)")
    .option('--push', "push it to the name's registry instead of keeping it in the store")
    .addOption(progressOption())
    .action((rootfs: string, name: string, flags: ImportFlags) => run(rootfs, name, flags, signal, version));
  return addCommonFlags(command);
}

async function run(
  rootfs: string,
  name: string,
  flags: ImportFlags,
  signal: AbortSignal,
  version: string,
): Promise<void> {
  const tag = parseReference(name);
  const place = { out: process.stderr, env: process.env, clock: systemClock };
  const { progress, end } = await renderProgress(flags.progress, place);
  const options = serviceOptions(flags, { version, signal, progress });
  await using services = await createServices(options);
  await using ended = new AsyncDisposableStack();
  ended.defer(end);
  const platform = flags.platform === undefined ? options.platform : parsePlatformOn(options.platform, flags.platform);
  const image = await importRoot(resolve(rootfs), platform, services);
  const result = { images: [{ platform, image }] };
  if (flags.push) {
    const target = {
      outputs: [{ type: 'registry', names: [] }] as const,
      tags: [tag],
      stdout: process.stdout,
      isRoot: false,
    };
    await exportImage(result, target, services);
  } else await keepLocalImage(services, tag, result);
  progress({
    type: 'message',
    level: 'info',
    text: `image ${image.manifest.descriptor.digest}`,
    time: options.clock.now(),
  });
}
