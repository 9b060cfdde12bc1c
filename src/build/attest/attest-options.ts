import { csvFields } from '../../dockerfile/csv-fields.ts';
import { VarveError } from '../../errors.ts';

export const ATTEST_FORMS = ['index', 'referrers'] as const;

/** What is to be attested of an image, and how it is kept. */
export interface AttestOptions {
  readonly provenance?: {
    readonly mode: 'min' | 'max';
    readonly builderId?: string;
    readonly isReproducible: boolean;
    readonly fileName: string;
  };
  readonly sbom?: { readonly fileName: string };
  /** Beside the image in an index, as BuildKit does, or as manifests that refer to it. */
  readonly form: (typeof ATTEST_FORMS)[number];
}

const KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    provenance: ['mode', 'version', 'builder-id', 'reproducible', 'filename', 'disabled'],
    sbom: ['filename', 'disabled'],
  }),
);

/**
 * Reads `--attest type=…,…`, `--provenance` and `--sbom` as docker buildx does; the short ones win over --attest.
 * @returns undefined when nothing is to be attested
 * @throws VarveError `USAGE` for what is not known
 * @see https://docs.docker.com/build/metadata/attestations/slsa-provenance/
 */
export function parseAttest(
  {
    attest,
    provenance,
    sbom,
  }: { readonly attest: readonly string[]; readonly provenance?: string; readonly sbom?: string },
  form: AttestOptions['form'],
): AttestOptions | undefined {
  const found = new Map<string, Pick<AttestOptions, 'provenance' | 'sbom'>>();
  for (const text of attest) {
    const values = readFields(`--attest ${text}`, text);
    const type = values.get('type') ?? '';
    found.set(type, readOne(`--attest ${text}`, type, values));
  }
  for (const [type, text] of [
    ['provenance', provenance],
    ['sbom', sbom],
  ] as const) {
    if (text === undefined) continue;
    const flag = `--${type} ${text}`;
    const isBoolean = readBoolean(text);
    const values = isBoolean === undefined ? readFields(flag, text) : new Map([['disabled', String(!isBoolean)]]);
    found.set(type, readOne(flag, type, values));
  }
  const merged = Object.assign({}, ...found.values()) as Pick<AttestOptions, 'provenance' | 'sbom'>;
  return merged.provenance || merged.sbom ? { ...merged, form } : undefined;
}

function readOne(
  flag: string,
  type: string,
  values: ReadonlyMap<string, string>,
): Pick<AttestOptions, 'provenance' | 'sbom'> {
  const keys = KEYS.get(type);
  if (!keys) throw usage(flag, 'the types are provenance and sbom');
  for (const key of values.keys()) {
    if (key === 'type' || keys.includes(key)) continue;
    const why =
      key === 'generator'
        ? 'varve reads the packages itself and runs no generator'
        : `it has no ${JSON.stringify(key)}`;
    throw usage(flag, why);
  }
  const boolean = (key: string): boolean => {
    const value = values.get(key);
    const read = value === undefined ? false : readBoolean(value);
    if (read === undefined) throw usage(flag, `${key} is true or false`);
    return read;
  };
  if (boolean('disabled')) return {};
  const fileName = values.get('filename') ?? (type === 'sbom' ? 'sbom.spdx.json' : 'provenance.json');
  if (!/^[\w.-]+$/.test(fileName) || /^\.+$/.test(fileName)) throw usage(flag, `filename=${fileName} is no plain name`);
  if (type === 'sbom') return { sbom: { fileName } };
  const mode = values.get('mode') ?? 'max';
  if (mode !== 'min' && mode !== 'max') throw usage(flag, 'mode is min or max');
  const version = values.get('version') ?? 'v1';
  if (version !== 'v1') throw usage(flag, `version=${version}: SLSA provenance is written in version v1`);
  const builderId = values.get('builder-id');
  return {
    provenance: { mode, isReproducible: boolean('reproducible'), fileName, ...(builderId ? { builderId } : {}) },
  };
}

function readFields(flag: string, text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals <= 0) throw usage(flag, `${JSON.stringify(field)} is not key=value`);
    values.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
  }
  return values;
}

/** As Go's strconv.ParseBool, which buildx reads these with. */
function readBoolean(text: string): boolean | undefined {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : undefined;
}

function usage(flag: string, why: string): VarveError {
  return new VarveError('USAGE', `${flag}: ${why}`, {
    hint: 'for example --provenance mode=min, --sbom true or --attest type=provenance,mode=max',
    exitCode: 2,
  });
}
