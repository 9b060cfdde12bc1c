import { outputOf } from '../run-process.ts';
import type { BuildReport } from './build.ts';

/** Prints a line for each build with its time and the image's digest, and which of its steps were cached. */
export function printTable(builds: Readonly<Record<string, BuildReport>>): void {
  for (const [name, { seconds, cached, ran, digest }] of Object.entries(builds)) {
    console.log(`${name.padEnd(8)}${`${seconds.toFixed(2)} s`.padStart(9)}  ${digest}`);
    console.log(`${' '.repeat(19)}${ran.length} ran, ${cached.length} cached${list(cached)}`);
  }
}

function list(titles: readonly string[]): string {
  return titles.map((title) => `\n${' '.repeat(21)}${title.slice(0, 98)}`).join('');
}

/** What another tool sees in the registry, in one line. */
export async function describeImage(reference: string): Promise<string> {
  const seen: unknown = JSON.parse(
    await outputOf(['skopeo', 'inspect', '--tls-verify=false', `docker://${reference}`]),
  );
  const { Digest, Layers, Labels, Architecture } = seen as Record<string, unknown>;
  return `skopeo  ${Digest}, ${Architecture}, layers: ${Array.isArray(Layers) ? Layers.length : '?'}, labels: ${JSON.stringify(Labels)}`;
}
