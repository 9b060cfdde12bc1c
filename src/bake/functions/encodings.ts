import { constants, createHash, privateDecrypt, randomUUID } from 'node:crypto';
import { parseJson } from '../../oci/parse-json.ts';
import { csvRecords } from '../csv.ts';
import { fromJson, toJson } from '../values/convert.ts';
import { makeObject, type Value } from '../values/value.ts';
import { type BakeFunction, refuse, takes } from './signature.ts';

/** Encodings and hashes. */
export const ENCODING_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  base64decode: takes(['text'], (text) => {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') !== text) throw refuse('the text is not base64');
    return bytes.toString();
  }),
  base64encode: takes(['text'], (text) => Buffer.from(text).toString('base64')),
  csvdecode: takes(['text'], (text) => {
    const [header, ...rows] = csvRecords(text);
    return rows.map((row) => makeObject((header ?? []).map((name, i) => [name, row[i] ?? ''] as const)));
  }),
  jsondecode: takes(['text'], (text) => readJson(text)),
  jsonencode: takes(['nullable'], toJson),
  md5: takes(['text'], (text) => hash('md5', text)),
  rsadecrypt: takes(['text', 'text'], (text, key) => {
    try {
      const padding = constants.RSA_PKCS1_PADDING;
      return privateDecrypt({ key, padding }, Buffer.from(text, 'base64')).toString();
    } catch {
      throw refuse('the key does not decrypt the text');
    }
  }),
  sha1: takes(['text'], (text) => hash('sha1', text)),
  sha256: takes(['text'], (text) => hash('sha256', text)),
  sha512: takes(['text'], (text) => hash('sha512', text)),
  urlencode: takes(['text'], (text) =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  uuidv4: takes([], () => randomUUID()),
  uuidv5: takes(['text', 'text'], uuidOfName),
};

function hash(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** @throws VarveError `BAKE_VALUE` */
function readJson(text: string): Value {
  try {
    return fromJson(parseJson(text));
  } catch (error) {
    throw refuse(`the text is not JSON: ${(error as Error).message}`);
  }
}

/** RFC 4122, appendix C. */
const NAMESPACES: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
    oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
    x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
  }),
);

function uuidOfName(namespace: string, name: string): string {
  const space = NAMESPACES.get(namespace) ?? namespace;
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(space))
    throw refuse(`${JSON.stringify(namespace)} is not a UUID, dns, url, oid or x500`);
  const bytes = createHash('sha1')
    .update(Buffer.from(space.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.subarray(0, 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
