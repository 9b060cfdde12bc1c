import type { Random } from './random.ts';

/** Larger inputs find nothing more and take long. */
const MOST_BYTES = 256 * 1024;
/** Bytes that have broken parsers. */
const BYTES = [0x00, 0x01, 0x0a, 0x0d, 0x1b, 0x20, 0x22, 0x2f, 0x30, 0x37, 0x5c, 0x7f, 0x80, 0xc0, 0xff];
const TEXTS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '../../..',
  '/',
  '-1',
  '1e999',
  '99999999999999999999',
  '\u001b]0;owned\u0007\u001b[31m',
  '\u202e',
  '\ud800',
  '\ufeff',
  '\0',
  '\r\n',
  '%00',
  'sha256:',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 53,
  1e308,
  '',
  [],
  {},
  [null],
  ...TEXTS,
  'a'.repeat(5000),
  nested(3000),
];

/** A sample with some of its bytes changed, cut out, doubled, or with a token put in. */
export function mutateBytes(sample: Buffer, tokens: readonly string[], random: Random): Buffer {
  let bytes = sample;
  for (let edits = 1 + random.below(5); edits > 0; edits--) bytes = edit(bytes, tokens, random);
  return bytes.subarray(0, MOST_BYTES);
}

function edit(bytes: Buffer, tokens: readonly string[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + random.below(random.chance(0.1) ? 4096 : 24));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, piece, piece, after]);
    case 2:
      return Buffer.concat([before, ...Array<Buffer>(1 + random.below(200)).fill(piece), after]);
    case 3:
      return before;
    case 4:
    case 5:
      return Buffer.concat([before, Buffer.from(random.pick([...tokens, ...TEXTS])), after]);
    case 6: {
      const changed = Buffer.from(bytes);
      if (at < changed.length) changed[at] = random.chance(0.5) ? random.pick(BYTES) : random.below(256);
      return changed;
    }
    default: {
      const changed = Buffer.from(bytes);
      if (at < changed.length) changed[at] = changed[at]! ^ (1 << random.below(8));
      return changed;
    }
  }
}

/** JSON with some of its values replaced, keys renamed, members doubled or gone. */
export function mutateJson(sample: Buffer, random: Random): Buffer {
  let value: unknown = JSON.parse(sample.toString('utf8'));
  for (let edits = 1 + random.below(3); edits > 0; edits--) value = editValue(value, random);
  const text = Buffer.from(JSON.stringify(value) ?? 'null');
  return text.length > MOST_BYTES ? sample : text;
}

function editValue(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.08)) return random.pick(VALUES);
  if (Array.isArray(value)) {
    if (value.length === 0) return [random.pick(VALUES)];
    const copy = [...(value as unknown[])];
    const at = random.below(copy.length);
    if (random.chance(0.1)) copy.splice(at, 1);
    else if (random.chance(0.12))
      copy.push(...Array<unknown>(1 + random.below(typeof copy[at] === 'object' ? 3 : 50)).fill(copy[at]));
    else copy[at] = editValue(copy[at], random);
    return copy;
  }
  const members = Object.entries(value);
  if (members.length === 0) return fromEntries([[random.pick(TEXTS), random.pick(VALUES)]]);
  const at = random.below(members.length);
  const [key, old] = members[at]!;
  if (random.chance(0.1)) members.splice(at, 1);
  else if (random.chance(0.15)) members.push([random.pick(TEXTS), random.pick(VALUES)]);
  else members[at] = [random.chance(0.05) ? random.pick(TEXTS) : key, editValue(old, random)];
  return fromEntries(members);
}

/** `__proto__` becomes a member, as JSON.parse() makes it. */
function fromEntries(members: readonly (readonly [string, unknown])[]): unknown {
  return Object.fromEntries(members);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
}
