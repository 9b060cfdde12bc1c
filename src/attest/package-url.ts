import type { Distribution, FoundPackage } from './found-package.ts';

/** Types whose packages belong to the distribution. */
const OF_DISTRIBUTION: ReadonlySet<string> = new Set(['deb', 'apk', 'rpm']);
/** Who a system package is from when os-release is missing. */
const DEFAULT_NAMESPACE: Readonly<Record<string, string>> = { deb: 'debian', apk: 'alpine', rpm: 'rpm' };

/**
 * The package URL of a package.
 * @see https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst
 */
export function packageUrl(
  { type, name, version, qualifiers = {} }: Pick<FoundPackage, 'type' | 'name' | 'version' | 'qualifiers'>,
  distribution: Distribution | undefined,
): string {
  const isSystem = OF_DISTRIBUTION.has(type);
  const path = isSystem ? `${distribution?.id ?? DEFAULT_NAMESPACE[type]}/${name}` : ownPath(type, name);
  const distro =
    isSystem && distribution?.version !== undefined ? { distro: `${distribution.id}-${distribution.version}` } : {};
  return formatPurl(type, path, version, { ...qualifiers, ...distro });
}

/** The package URL of an image, as BuildKit names subjects. */
export function imageUrl(name: string, version: string | undefined, qualifiers: Readonly<Record<string, string>>) {
  return formatPurl('docker', name, version, qualifiers);
}

function ownPath(type: string, name: string): string {
  if (type === 'pypi') return name.toLowerCase().replaceAll('_', '-');
  return type === 'npm' ? name.toLowerCase() : name;
}

function formatPurl(
  type: string,
  path: string,
  version: string | undefined,
  qualifiers: Readonly<Record<string, string>>,
): string {
  const segments = path
    .split('/')
    .filter((part) => part !== '')
    .map(encode);
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join('&');
  const at = version === undefined || version === '' ? '' : `@${encode(version)}`;
  return `pkg:${type}/${segments.join('/')}${at}${query ? `?${query}` : ''}`;
}

/** A colon stays as it is, everything else that is no letter, digit or `.-_~` is escaped. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}
