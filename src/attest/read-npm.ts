import * as z from 'zod';
import type { BytePath } from '../io/byte-path.ts';
import { parseJson as readJson } from '../oci/parse-json.ts';
import { cleanValue, type FileFindings, type FoundPackage, NOTHING_FOUND } from './found-package.ts';

const packageSchema = z.looseObject({ name: z.string(), version: z.string() });
const lockSchema = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
});
const dependencySchema = z.looseObject({
  version: z.string().optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
});
/** As npm has it: no more than one scope, no blanks. */
const NAME = /^(@[\w.~-]+\/)?[\w.~-]+$/;
/** Deeper nests of dependencies are no lock file's. */
const DEPTH_LIMIT = 64;

/** An installed package's package.json. @see https://docs.npmjs.com/cli/configuring-npm/package-json */
export function readPackageJson(bytes: Buffer, foundIn: BytePath): FileFindings {
  const parsed = packageSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return NOTHING_FOUND;
  const { name, version, license, licenses, homepage } = parsed.data;
  return found(
    npmPackage(name, version, foundIn, {
      licenses: [license, ...(Array.isArray(licenses) ? licenses : [])].flatMap((each) => licenseOf(each) ?? []),
      ...(cleanValue(homepage) ? { homepage: cleanValue(homepage)! } : {}),
    }),
  );
}

/** package-lock.json and npm-shrinkwrap.json of all versions. */
export function readPackageLock(bytes: Buffer, foundIn: BytePath): FileFindings {
  const parsed = lockSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return NOTHING_FOUND;
  const packages: FoundPackage[] = [];
  for (const [path, each] of Object.entries(parsed.data.packages ?? {})) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || each.link === true) continue;
    const name = cleanValue(each.name) ?? path.slice(at + 'node_modules/'.length);
    packages.push(
      ...npmPackage(name, each.version ?? '', foundIn, { licenses: [each.license].flatMap((l) => licenseOf(l) ?? []) }),
    );
  }
  if (!parsed.data.packages) addDependencies(parsed.data.dependencies, foundIn, packages, 0);
  return { packages, warnings: [] };
}

/** Lock files of version 1 nest their dependencies. */
function addDependencies(
  dependencies: Readonly<Record<string, unknown>> | undefined,
  foundIn: BytePath,
  into: FoundPackage[],
  depth: number,
): void {
  if (depth > DEPTH_LIMIT) return;
  for (const [name, value] of Object.entries(dependencies ?? {})) {
    const parsed = dependencySchema.safeParse(value);
    if (!parsed.success) continue;
    into.push(...npmPackage(name, parsed.data.version ?? '', foundIn));
    addDependencies(parsed.data.dependencies, foundIn, into, depth + 1);
  }
}

/** yarn.lock of version 1 (`name@range:` and `  version "1.0.0"`) and of Berry (`resolution: "name@npm:1.0.0"`). */
export function readYarnLock(bytes: Buffer, foundIn: BytePath): FileFindings {
  const packages: FoundPackage[] = [];
  let name: string | undefined;
  for (const line of bytes.toString('utf8').split('\n')) {
    const head = /^"?((?:@[^@/"\s]+\/)?[^@/"\s]+)@[^\s].*:\s*$/.exec(line);
    if (head) name = head[1];
    const berry = /^\s+resolution: "((?:@[^@/"]+\/)?[^@/"]+)@npm:([^"#:]+)/.exec(line);
    const old = /^ {2}version "([^"]+)"/.exec(line);
    if (berry) packages.push(...npmPackage(berry[1]!, berry[2]!, foundIn));
    else if (old && name !== undefined) packages.push(...npmPackage(name, old[1]!, foundIn));
  }
  return { packages, warnings: [] };
}

/** pnpm-lock.yaml of versions 5 to 9: the keys under `packages:`. */
export function readPnpmLock(bytes: Buffer, foundIn: BytePath): FileFindings {
  const packages: FoundPackage[] = [];
  let isIn = false;
  for (const line of bytes.toString('utf8').split('\n')) {
    if (/^\S/.test(line)) isIn = line.startsWith('packages:');
    if (!isIn) continue;
    // /name@1.0.0(peer@2):, name@1.0.0:, /name/1.0.0_peer@2:
    const match = /^ {2}['"]?\/?((?:@[^@/'"\s]+\/)?[^@/'"\s]+)[@/](\d[^('":_\s]*)/.exec(line);
    if (match) packages.push(...npmPackage(match[1]!, match[2]!, foundIn));
  }
  return { packages, warnings: [] };
}

function npmPackage(
  givenName: string,
  givenVersion: string,
  foundIn: BytePath,
  more: Partial<Pick<FoundPackage, 'licenses' | 'homepage'>> = {},
): FoundPackage[] {
  const [name, version] = [cleanValue(givenName), cleanValue(givenVersion)];
  if (!name || !version || !NAME.test(name)) return [];
  return [{ type: 'npm', name, version, licenses: [], foundIn, ...more }];
}

/** `"MIT"`, or `{ "type": "MIT" }` of old. */
function licenseOf(value: unknown): string | undefined {
  const isObject = typeof value === 'object' && value !== null && 'type' in value;
  return cleanValue(isObject ? value.type : value);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return readJson(bytes);
  } catch {
    return undefined;
  }
}

function found(packages: readonly FoundPackage[]): FileFindings {
  return { packages, warnings: [] };
}
