import type { BytePath } from '../io/byte-path.ts';
import { paragraphs } from './control-fields.ts';
import { cleanValue, type FileFindings, NOTHING_FOUND } from './found-package.ts';

const CLASSIFIER = /^License :: (?:OSI Approved :: )?(.+)$/;

/**
 * A distribution's METADATA or PKG-INFO: its first paragraph, the rest is the description.
 * @see https://packaging.python.org/en/latest/specifications/core-metadata/
 */
export function readPypi(bytes: Buffer, foundIn: BytePath): FileFindings {
  const [fields] = paragraphs(bytes.toString('utf8'));
  const name = cleanValue(fields?.get('name'));
  const version = cleanValue(fields?.get('version'));
  if (!fields || !name || !version) return NOTHING_FOUND;
  const supplier = cleanValue(fields.get('author-email')) ?? cleanValue(fields.get('author'));
  const homepage = cleanValue(fields.get('home-page'));
  const found = {
    type: 'pypi' as const,
    name,
    version,
    licenses: licensesOf(fields),
    foundIn,
    ...(supplier && supplier !== 'UNKNOWN' ? { supplier } : {}),
    ...(homepage && homepage !== 'UNKNOWN' ? { homepage } : {}),
  };
  return { packages: [found], warnings: [] };
}

/** The expression where there is one, the old field where it is short, else what the classifiers say. */
function licensesOf(fields: ReadonlyMap<string, string>): string[] {
  const expression = cleanValue(fields.get('license-expression'));
  if (expression) return [expression];
  const field = fields.get('license');
  const own = field?.includes('\n') ? undefined : cleanValue(field);
  if (own && own !== 'UNKNOWN') return [own];
  const classifiers = (fields.get('classifier') ?? '').split('\n');
  return classifiers.flatMap((line) => cleanValue(CLASSIFIER.exec(line)?.[1]) ?? []);
}
