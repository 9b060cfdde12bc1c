import { VarveError } from '../../errors.ts';
import { formatPlatform, type Platform, parsePlatform } from '../../oci/platform.ts';
import type { IndexAnnotations } from './build-result.ts';
import type { ImageAnnotations } from './image.ts';

const LEVELS = ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'] as const;

const NO_MANIFEST: ReadonlySet<string> = new Set(['tar', 'local', 'cacheonly']);

/** One --annotation for one level; without a platform for all of them. */
export interface Annotation {
  readonly level: (typeof LEVELS)[number];
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads an --annotation: `[level[platform]:]key=value`, several levels with commas; without a level it is the manifest's.
 * @throws VarveError `USAGE`
 * @see https://docs.docker.com/reference/cli/docker/buildx/build/#annotation
 */
export function parseAnnotation(text: string): Annotation[] {
  const equals = text.indexOf('=');
  if (equals < 0) throw usage(text, 'it is not key=value');
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  const colon = name.indexOf(':');
  const key = name.slice(colon + 1);
  if (key === '') throw usage(text, 'the key is missing');
  if (colon < 0) return [{ level: 'manifest', key, value }];
  return name
    .slice(0, colon)
    .split(',')
    .map((place) => ({ ...parsePlace(text, place), key, value }));
}

function parsePlace(text: string, place: string): Pick<Annotation, 'level' | 'platform'> {
  const match = /^([a-z-]+)(?:\[([A-Za-z0-9_/.-]+)\])?$/.exec(place);
  const level = LEVELS.find((each) => each === match?.[1]);
  if (!match || !level) throw usage(text, `${JSON.stringify(place)} is not a level: they are ${LEVELS.join(', ')}`);
  if (match[2] === undefined) return { level };
  if (level === 'index' || level === 'index-descriptor') throw usage(text, `an ${level} has no platform`);
  return { level, platform: parsePlatform(match[2]) };
}

/**
 * @throws VarveError `USAGE` for an annotation of an index when there is none, or of a platform that is not built
 */
export function checkAnnotations(annotations: readonly Annotation[], platforms: readonly Platform[], isIndex: boolean) {
  for (const { level, platform, key } of annotations) {
    const text = `${level}${platform ? `[${formatPlatform(platform)}]` : ''}:${key}`;
    if (!isIndex && (level === 'index' || level === 'index-descriptor'))
      throw usage(text, 'index annotations are not supported for a single platform');
    if (platform && !platforms.some((each) => formatPlatform(each) === formatPlatform(platform)))
      throw usage(text, `the platforms of this build are ${platforms.map(formatPlatform).join(', ')}`);
  }
}

/** Why annotations of the command line end up nowhere: what an output of these types leaves has no manifest. */
export function uselessAnnotations(
  annotations: readonly Annotation[],
  outputs: readonly { readonly type: string }[],
): string | undefined {
  const isUseless = outputs.length > 0 && outputs.every(({ type }) => NO_MANIFEST.has(type));
  if (annotations.length === 0 || !isUseless) return undefined;
  const types = [...new Set(outputs.map(({ type }) => `type=${type}`))].join(' and ');
  const keys = [...new Set(annotations.map(({ key }) => key))].join(', ');
  return `--annotation ${keys} has no effect: an output of ${types} has no manifest`;
}

/** What one platform's image is annotated with. */
export function imageAnnotations(annotations: readonly Annotation[], platform: Platform): ImageAnnotations {
  const mine = annotations.filter(
    (each) => !each.platform || formatPlatform(each.platform) === formatPlatform(platform),
  );
  return { manifest: pick(mine, 'manifest'), descriptor: pick(mine, 'manifest-descriptor') };
}

export function indexAnnotations(annotations: readonly Annotation[]): IndexAnnotations {
  return { index: pick(annotations, 'index'), descriptor: pick(annotations, 'index-descriptor') };
}

/** Those for all platforms first, so that one for a platform wins. */
function pick(annotations: readonly Annotation[], level: Annotation['level']): Record<string, string> {
  const ordered = [...annotations.filter((each) => !each.platform), ...annotations.filter((each) => each.platform)];
  return Object.fromEntries(ordered.filter((each) => each.level === level).map(({ key, value }) => [key, value]));
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--annotation ${text}: ${why}`, {
    hint: 'for example --annotation index:org.opencontainers.image.licenses=MIT or manifest[linux/arm64]:KEY=VALUE',
    exitCode: 2,
  });
}
