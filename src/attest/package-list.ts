import type { Distribution, FileFindings, FoundPackage } from './found-package.ts';
import { packageUrl } from './package-url.ts';

/** A package with its name in the world. */
export interface ListedPackage extends FoundPackage {
  readonly url: string;
}

/** What is installed in a root. */
export interface PackageList {
  /** Sorted by URL; each once. */
  readonly packages: readonly ListedPackage[];
  readonly distribution?: Distribution;
}

/** What all files of a root gave, put together. */
export function listPackages(findings: readonly FileFindings[]): PackageList {
  const distribution = findings.find((each) => each.distribution !== undefined)?.distribution;
  const licenses = new Map(
    findings.flatMap(({ licenses: each }) => (each ? [[each.package, each.names] as const] : [])),
  );
  const listed = new Map<string, ListedPackage>();
  for (const found of findings.flatMap(({ packages }) => packages)) {
    const url = packageUrl(found, distribution);
    const known = listed.get(url);
    // The one that says its licence stays, else the one whose path comes first.
    const isBetter = known?.licenses.length === 0 && found.licenses.length > 0;
    if (known && !isBetter && !(known.licenses.length === found.licenses.length && found.foundIn < known.foundIn))
      continue;
    const own = found.type === 'deb' ? (licenses.get(found.name) ?? []) : found.licenses;
    listed.set(url, { ...found, licenses: own, url });
  }
  const packages = [...listed.values()].sort((a, b) => (a.url < b.url ? -1 : 1));
  return { packages, ...(distribution ? { distribution } : {}) };
}
