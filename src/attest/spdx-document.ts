import { hash } from 'node:crypto';
import { toText } from '../io/byte-path.ts';
import { licenseExpression } from './license-expression.ts';
import type { ListedPackage, PackageList } from './package-list.ts';

export const SPDX_PREDICATE = 'https://spdx.dev/Document';

const ROOT_ID = 'SPDXRef-DocumentRoot-Image';
const UNKNOWN = 'NOASSERTION';

export interface SpdxSettings {
  /** What the document is about. */
  readonly name: string;
  /** RFC 3339 without fractions of a second; SPDX has no document without it. */
  readonly created: string;
  /** `NAME-VERSION` of what writes it. */
  readonly tool: string;
}

/**
 * A bill of materials in SPDX 2.3's JSON form; the same list gives the same bytes.
 * @see https://spdx.github.io/spdx-spec/v2.3/
 */
export function spdxDocument({ packages, distribution }: PackageList, { name, created, tool }: SpdxSettings): unknown {
  const texts = new Map<string, string>();
  const described = packages.map((each) => spdxPackage(each, texts));
  const root = {
    name,
    SPDXID: ROOT_ID,
    ...(distribution?.version ? { sourceInfo: `${distribution.id} ${distribution.version}` } : {}),
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    licenseConcluded: UNKNOWN,
    licenseDeclared: UNKNOWN,
    copyrightText: UNKNOWN,
    primaryPackagePurpose: 'CONTAINER',
  };
  const relationships = [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: ROOT_ID },
    ...described.map(({ SPDXID }) => ({
      spdxElementId: ROOT_ID,
      relationshipType: 'CONTAINS',
      relatedSpdxElement: SPDXID,
    })),
  ];
  const extracted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = {
    creationInfo: { created, creators: [`Tool: ${tool}`] },
    packages: [root, ...described],
    ...(extracted.length
      ? {
          hasExtractedLicensingInfos: extracted.map(([licenseId, extractedText]) => ({
            licenseId,
            extractedText,
            name: extractedText,
          })),
        }
      : {}),
    relationships,
  };
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:uuid:${contentUuid(JSON.stringify([name, body]))}`,
    ...body,
  };
}

function spdxPackage(found: ListedPackage, texts: Map<string, string>) {
  const license = licenseExpression(found.licenses);
  for (const [id, text] of license?.references ?? []) texts.set(id, text);
  const { name, version, homepage, supplier } = found;
  return {
    name,
    SPDXID: `SPDXRef-Package-${found.type}-${name.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 64)}-${hash('sha256', found.url, 'hex').slice(0, 16)}`,
    versionInfo: version,
    supplier: supplier === undefined ? UNKNOWN : supplierOf(supplier, found.type),
    downloadLocation: UNKNOWN,
    filesAnalyzed: false,
    ...(homepage !== undefined && isUrl(homepage) ? { homepage } : {}),
    sourceInfo: `found in /${toText(found.foundIn)}`,
    licenseConcluded: UNKNOWN,
    licenseDeclared: license?.expression ?? UNKNOWN,
    copyrightText: UNKNOWN,
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: found.url }],
  };
}

/** `Name <mail>` is a person in most ecosystems, and a vendor in rpm's. */
function supplierOf(text: string, type: string): string {
  const match = /^(.*?)\s*<([^<>]+)>$/.exec(text);
  const who = match ? `${match[1] || match[2]} (${match[2]})` : text;
  return `${type === 'rpm' ? 'Organization' : 'Person'}: ${who}`;
}

function isUrl(text: string): boolean {
  return /^https?:\/\/[^\s<>"{}|\\^`]+$/.test(text) && URL.canParse(text);
}

/** A UUID of version 8 (RFC 9562), which says: made of something else, here of the content's sha256. */
function contentUuid(text: string): string {
  const hex = hash('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
