import type { BytePath } from '../io/byte-path.ts';

/** Types of package URLs. @see https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst */
export type PackageType = 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi' | 'golang';

/** A package that a database or manifest in the image names. All texts are as they were found: untrusted. */
export interface FoundPackage {
  readonly type: PackageType;
  /** For npm with its scope, for Go the module's path. */
  readonly name: string;
  readonly version: string;
  /** Epoch, architecture and the like, as package URLs have them. */
  readonly qualifiers?: Readonly<Record<string, string>>;
  /** What it says of its licence, in whatever form. */
  readonly licenses: readonly string[];
  /** The person or organization that it came from. */
  readonly supplier?: string;
  readonly homepage?: string;
  /** Where it is said, relative to the root. */
  readonly foundIn: BytePath;
}

/** The distribution that a root belongs to, of os-release. */
export interface Distribution {
  readonly id: string;
  readonly version?: string;
}

/** What one file gave. */
export interface FileFindings {
  readonly packages: readonly FoundPackage[];
  readonly distribution?: Distribution;
  /** By the name of a Debian package: its licences. */
  readonly licenses?: { readonly package: string; readonly names: readonly string[] };
  /** What could not be read, for the user. */
  readonly warnings: readonly string[];
}

export const NOTHING_FOUND: FileFindings = { packages: [], warnings: [] };

/** Longer values are no names, versions or licences. */
const VALUE_LIMIT_CHARS = 512;

/** One line of text without control characters, of a bounded length; undefined for anything else. */
export function cleanValue(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return text === '' || text.length > VALUE_LIMIT_CHARS ? undefined : text;
}
