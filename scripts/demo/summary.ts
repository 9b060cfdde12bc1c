import { outputOf } from '../run-process.ts';
import type { BuildReport } from './build.ts';

/** Prints a line for each build: its time, how much of it was cached, and the image's digest. */
export function printTable(builds: Readonly<Record<string, BuildReport>>): void {
  console.log(`${'build'.padEnd(8)}${'time'.padStart(9)}  ${'steps cached'.padEnd(14)}image`);
  for (const [name, { seconds, cached, ran, digest }] of Object.entries(builds)) {
    const steps = `${cached.length} of ${cached.length + ran.length}`;
    console.log(`${name.padEnd(8)}${`${seconds.toFixed(2)} s`.padStart(9)}  ${steps.padEnd(14)}${digest}`);
  }
}

/** What another tool sees in the registry, in one line. */
export async function describeImage(reference: string): Promise<string> {
  const seen: unknown = JSON.parse(
    await outputOf(['skopeo', 'inspect', '--tls-verify=false', `docker://${reference}`]),
  );
  const { Digest, Layers, Labels, Architecture } = seen as Record<string, unknown>;
  return `skopeo  ${Digest}, ${Architecture}, layers: ${Array.isArray(Layers) ? Layers.length : '?'}, labels: ${JSON.stringify(Labels)}`;
}
