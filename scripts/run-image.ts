import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from './run-process.ts';

/**
 * Runs an image of a local registry with other people's tools: skopeo copies it, umoci unpacks it, runc runs it.
 * @param directory a new name in a directory of the caller's own
 * @param argv what to run in place of the image's own command
 * @returns what it wrote to stdout
 */
export async function runImage(reference: string, directory: string, argv?: readonly string[]): Promise<string> {
  const [layout, bundle] = [`${directory}-layout`, `${directory}-bundle`];
  await outputOf(['skopeo', 'copy', '--src-tls-verify=false', `docker://${reference}`, `oci:${layout}:image`]);
  await outputOf(['umoci', 'unpack', '--image', `${layout}:image`, bundle]);
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.process.terminal = false;
  if (argv) config.process.args = argv;
  // A network of its own would have to be set up.
  config.linux.namespaces = config.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network');
  writeFileSync(file, JSON.stringify(config));
  return outputOf(['runc', 'run', '--bundle', bundle, `varve-${process.pid}-${Date.now()}`]);
}
