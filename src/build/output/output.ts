import { csvFields } from '../../dockerfile/csv-fields.ts';
import { VarveError } from '../../errors.ts';
import type { ImageForm } from '../images/image-form.ts';
import { parseOutputForm } from './output-form.ts';

interface ImageOutput {
  /** As they were written; with none the image goes by its --tag. */
  readonly names: readonly string[];
  readonly form?: ImageForm;
}

/** Where a finished image goes. */
export type Output =
  | (ImageOutput & {
      readonly type: 'registry';
      readonly byDigest?: boolean;
      /** Its registries may speak HTTP or have an unknown certificate. */
      readonly insecure?: boolean;
    })
  /** Under its names in the store, where FROM finds it; `canonical`: as REPOSITORY@DIGEST too. */
  | (ImageOutput & { readonly type: 'store'; readonly canonical?: boolean })
  /** `-` is standard output, as for the types below. */
  | (ImageOutput & { readonly type: 'oci'; readonly dest: string; readonly archive: boolean })
  | (ImageOutput & { readonly type: 'docker'; readonly dest: string })
  /** The root filesystem. `platformSplit`: each platform in a directory of its own; absent: when there are several. */
  | { readonly type: 'tar'; readonly dest: string; readonly platformSplit?: boolean }
  | { readonly type: 'local'; readonly dest: string; readonly platformSplit?: boolean }
  | { readonly type: 'cacheonly' };

const IMAGE_KEYS = [
  'name',
  'oci-mediatypes',
  'compression',
  'compression-level',
  'force-compression',
  'rewrite-timestamp',
] as const;

/** Of a registry or the store. */
const PLACE_KEYS = ['push', 'push-by-digest', 'registry.insecure', 'name-canonical', 'store', 'unpack'] as const;

/** Besides annotations, which the image types have. */
const KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    image: [...IMAGE_KEYS, ...PLACE_KEYS],
    registry: [...IMAGE_KEYS, ...PLACE_KEYS],
    oci: [...IMAGE_KEYS, 'dest', 'tar'],
    docker: [...IMAGE_KEYS, 'dest', 'tar'],
    tar: ['dest', 'platform-split'],
    local: ['dest', 'platform-split', 'mode'],
    cacheonly: [],
  }),
);

/**
 * Reads an --output: `type=TYPE,key=value…` with docker buildx's names, or a path for type=local, or `-` for a tar on
 * standard output. `type=image` may mean two: the registry and the store.
 * @throws VarveError `USAGE` for what is not known
 * @see https://docs.docker.com/build/exporters/
 */
export function parseOutput(text: string): Output[] {
  if (!text.includes('=')) return [text === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: text }];
  const values = readFields(text);
  const type = values.get('type') ?? '';
  const keys = KEYS.get(type);
  if (!keys) throw usage(text, `the types are ${[...KEYS.keys()].join(', ')}`);
  const isImage = keys.includes('name');
  for (const key of values.keys()) {
    if (key !== 'type' && !keys.includes(key) && !(isImage && key.startsWith('annotation')))
      throw usage(text, `${JSON.stringify(key)} is not supported for type=${type}`);
  }
  const flag = (key: string): boolean | undefined => readFlag(text, key, values.get(key));
  const refuse = (key: string, is: boolean, why: string): void => {
    if ((flag(key) ?? is) !== is) throw usage(text, `${key}=${values.get(key)}: ${why}`);
  };
  refuse('unpack', false, 'nothing is unpacked for a runtime: there is none');
  if (type === 'cacheonly') return [{ type }];
  if (type === 'image' || type === 'registry') {
    const push = flag('push') ?? type === 'registry';
    const store = flag('store') ?? !push;
    const image = imageOutput(text, values, flag);
    const kinds = [...(push ? ['registry' as const] : []), ...(store ? ['store' as const] : [])];
    for (const key of ['push-by-digest', 'registry.insecure'])
      if (flag(key) && !push) throw usage(text, `${key} needs push=true`);
    const pushed = {
      ...(flag('push-by-digest') ? { byDigest: true } : {}),
      ...(flag('registry.insecure') ? { insecure: true } : {}),
    };
    // A registry always has an image by its digest too.
    const kept = flag('name-canonical') ? { canonical: true } : {};
    return kinds.length
      ? kinds.map((type) => (type === 'registry' ? { type, ...image, ...pushed } : { type, ...image, ...kept }))
      : [{ type: 'cacheonly' }];
  }
  const dest = values.get('dest');
  if (!dest) throw usage(text, `type=${type} needs dest=PATH`);
  if (type === 'oci') {
    return [
      {
        type,
        dest,
        archive: flag('tar') ?? (dest === '-' || dest.endsWith('.tar')),
        ...imageOutput(text, values, flag),
      },
    ];
  }
  if (type === 'docker') {
    refuse('tar', true, 'what docker load reads is an archive');
    return [{ type, dest, ...imageOutput(text, values, flag) }];
  }
  if (type === 'local' && dest === '-') throw usage(text, 'dest=- is for archives');
  const mode = values.get('mode') ?? 'copy';
  if (mode !== 'copy') throw usage(text, `mode=${mode} is not supported: files that are there stay`);
  const platformSplit = flag('platform-split');
  const split = platformSplit === undefined ? {} : { platformSplit };
  return [{ type: type === 'tar' ? 'tar' : 'local', dest, ...split }];
}

function readFields(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const field of fieldsOf(text)) {
    const equals = field.indexOf('=');
    if (equals <= 0) throw usage(text, `${JSON.stringify(field)} is not key=value`);
    values.set(field.slice(0, equals).trim(), field.slice(equals + 1));
  }
  return values;
}

function fieldsOf(text: string): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw usage(text, (error as Error).message);
  }
}

function readFlag(text: string, key: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (!['true', 'false', '1', '0'].includes(value)) throw usage(text, `${key} is true or false`);
  return value === 'true' || value === '1';
}

function imageOutput(
  text: string,
  values: ReadonlyMap<string, string>,
  flag: (key: string) => boolean | undefined,
): ImageOutput {
  const names = (values.get('name') ?? '').split(',').map((name) => name.trim());
  const form = parseOutputForm(values, flag, (why) => usage(text, why));
  return { names: names.filter((name) => name !== ''), ...(Object.keys(form).length ? { form } : {}) };
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--output ${text}: ${why}`, {
    hint: 'for example --output type=oci,dest=image.tar or --output type=local,dest=out',
    exitCode: 2,
  });
}
