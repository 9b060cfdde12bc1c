import { resolve } from 'node:path';
import type { CacheOptions, CachePlace } from '../build/cache/cache-options.ts';
import { csvFields } from '../dockerfile/csv-fields.ts';
import { VarveError } from '../errors.ts';
import { parseReference } from '../oci/reference.ts';

type CacheTo = NonNullable<CacheOptions['to']>;
/** What an attribute may say; `undefined` is anything. */
type Attributes = Readonly<Record<string, readonly string[] | undefined>>;

/** Types that buildx has and varve doesn't, with what to use instead. */
const OTHER_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    gha: 'a registry does it: --cache-repo ghcr.io/OWNER/cache',
    s3: 'use a registry, or --cache-to type=local,dest=DIR and copy the directory',
    azblob: 'use a registry, or --cache-to type=local,dest=DIR and copy the directory',
    inline: 'records are not part of an image: --cache-repo REPOSITORY keeps them beside it',
  }),
);

const AS_IN_IMAGE = "the cache has the layers as the image has them: the build's own --compression says how";
/** What to do instead of an attribute, or of a value of it. */
const OTHERWISE: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    compression: AS_IN_IMAGE,
    'compression-level': `${AS_IN_IMAGE}, and --compression-level`,
    'force-compression': AS_IN_IMAGE,
    'ignore-error': 'a cache that cannot be written is a warning, never a failed build',
    'oci-mediatypes': 'a record is an OCI image manifest',
    'image-manifest': 'a record is an OCI image manifest',
    tag: 'a directory is one cache: give each cache a directory of its own',
    digest: 'a directory is one cache: give each cache a directory of its own',
  }),
);

/** Attributes of buildx's exporters that ask for what varve does anyway. */
const EXPORT: Attributes = {
  mode: ['min', 'max'],
  'oci-mediatypes': ['true'],
  'image-manifest': ['true'],
  'ignore-error': ['true'],
  'force-compression': ['false'],
};
const FROM: Readonly<Record<string, Attributes>> = { registry: { ref: undefined }, local: { src: undefined } };
const TO: Readonly<Record<string, Attributes>> = {
  registry: { ref: undefined, ...EXPORT },
  local: { dest: undefined, ...EXPORT },
};
/** Tags have 128 characters at most, of which `builds-` and a digest take 71, and the separator one. */
const TAG_LIMIT = 56;

/** `REPOSITORY`, or kaniko's `oci:DIR`. */
export function parseCacheRepo(text: string, flag = '--cache-repo'): CachePlace {
  if (text.startsWith('oci:')) return { kind: 'layout', path: resolve(text.slice('oci:'.length)) };
  return registryPlace(flag, text);
}

/** `type=registry,ref=REF`, `type=local,src=DIR`, or a reference alone. */
export function parseCacheFrom(text: string): CachePlace {
  const values = parse('--cache-from', text, FROM);
  if (typeof values === 'string') return registryPlace('--cache-from', values);
  return place('--cache-from', text, values, 'src');
}

/** `type=registry,ref=REF[,mode=min|max]`, `type=local,dest=DIR[,mode=…]`, or a reference alone. */
export function parseCacheTo(text: string): CacheTo {
  const values = parse('--cache-to', text, TO);
  if (typeof values === 'string') return { place: registryPlace('--cache-to', values), mode: 'min' };
  const mode = values.get('mode') === 'max' ? 'max' : 'min';
  return { place: place('--cache-to', text, values, 'dest'), mode };
}

function parse(flag: string, text: string, types: Readonly<Record<string, Attributes>>): Map<string, string> | string {
  if (!text.includes('=')) return text;
  const values = new Map<string, string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals <= 0) throw usage(flag, text, `${JSON.stringify(field)} is not key=value`);
    values.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
  }
  const type = values.get('type') ?? 'registry';
  values.set('type', type);
  const known = types[type];
  if (!known)
    throw usage(
      flag,
      text,
      `type=${type} is not supported`,
      OTHER_TYPES.get(type) ?? 'the types are registry and local',
    );
  for (const [key, value] of values) {
    if (key === 'type') continue;
    const hint = OTHERWISE.get(key);
    if (!(key in known)) throw usage(flag, text, `${JSON.stringify(key)} is not supported for type=${type}`, hint);
    const allowed = known[key];
    if (allowed && !allowed.includes(value))
      throw usage(flag, text, `${key} can only be ${allowed.join(' or ')}`, hint);
  }
  return values;
}

function place(flag: string, text: string, values: Map<string, string>, pathKey: 'src' | 'dest'): CachePlace {
  const key = values.get('type') === 'local' ? pathKey : 'ref';
  const value = values.get(key);
  if (!value) throw usage(flag, text, `${key}= is missing`);
  return key === 'ref' ? registryPlace(flag, value) : { kind: 'layout', path: resolve(value) };
}

/** A tag keeps several caches of one repository apart: it begins the tags of its records. */
function registryPlace(flag: string, text: string): CachePlace {
  const { registry, repository, tag, digest } = parseReference(text);
  if (digest !== undefined) throw usage(flag, text, 'a cache has no digest');
  const tagPrefix = tag === undefined || tag === 'latest' ? '' : `${tag}-`;
  if (tagPrefix.length > TAG_LIMIT + 1) throw usage(flag, text, `its tag has more than ${TAG_LIMIT} characters`);
  return { kind: 'registry', repository: { registry, repository }, tagPrefix };
}

function usage(flag: string, text: string, why: string, hint?: string): VarveError {
  return new VarveError('USAGE', `${flag} ${text}: ${why}`, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}
