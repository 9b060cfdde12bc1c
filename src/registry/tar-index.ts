import type { FileHandle } from 'node:fs/promises';
import { VarveError } from '../errors.ts';
import { trimEnd } from '../io/trim-end.ts';

/** Where a member's bytes are in an uncompressed tar file. */
export interface TarMember {
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;
/** Names and numbers of one member; real archives have a few hundred bytes. */
const EXTENSION_LIMIT = 64 * 1024;
/** As the kernel has it; more is a circle. */
const LINKS_FOLLOWED = 40;

/**
 * The files of an image archive by name, links followed: one small read for each, so that an archive is never copied.
 * @throws VarveError `ARCHIVE_INVALID`
 */
export async function indexTar(file: FileHandle, shown: string): Promise<Map<string, TarMember>> {
  const members = new Map<string, TarMember>();
  const links = new Map<string, string>();
  const { size: end } = await file.stat();
  const read = async (start: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, start);
    if (bytesRead < length) throw invalid(shown, 'it is cut off');
    return bytes;
  };
  if (end < BLOCK) throw invalid(shown, 'it is no tar file');
  let extended: { path?: string; linkpath?: string; size?: string } = {};
  for (let at = 0; at + BLOCK <= end; ) {
    const block = await read(at, BLOCK);
    if (block.every((byte) => byte === 0)) break;
    if (block.toString('latin1', 257, 262) !== 'ustar') throw invalid(shown, 'it is no tar file');
    const type = block.toString('latin1', 156, 157);
    const size = extended.size === undefined ? numberOf(block.subarray(124, 136)) : Number(extended.size);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || start + size > end) throw invalid(shown, 'it is cut off');
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if ('xLK'.includes(type)) {
      if (size > EXTENSION_LIMIT) throw invalid(shown, `a name of ${size} bytes`);
      const text = (await read(start, size)).toString('utf8');
      if (type === 'x') extended = { ...extended, ...paxOf(text) };
      else extended = { ...extended, [type === 'L' ? 'path' : 'linkpath']: text.replace(/\0.*$/s, '') };
      continue;
    }
    const prefix = textOf(block.subarray(345, 500));
    const own = textOf(block.subarray(0, 100));
    const name = clean(extended.path ?? (prefix ? `${prefix}/${own}` : own));
    if (type === '0' || type === '\0') members.set(name, { start, size });
    else if (type === '1' || type === '2') {
      const target = extended.linkpath ?? textOf(block.subarray(157, 257));
      links.set(name, type === '1' ? clean(target) : beside(name, target));
    }
    extended = {};
  }
  // docker save of old has equal layers once, and links to it.
  for (const name of links.keys()) {
    let target: string | undefined = name;
    for (let i = 0; i < LINKS_FOLLOWED && target !== undefined && links.has(target); i++) target = links.get(target);
    const member = target === undefined ? undefined : members.get(target);
    if (member) members.set(name, member);
  }
  return members;
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** Octal, or base 256 where the first bit says so. */
function numberOf(field: Buffer): number {
  if ((field[0]! & 0x80) === 0) return Number.parseInt(textOf(field).trim() || '0', 8);
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
}

function paxOf(text: string): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < text.length; ) {
    const length = Number.parseInt(text.slice(at), 10);
    const record = text.slice(at, at + length);
    const match = /^\d+ (path|linkpath|size)=(.*)\n$/s.exec(record);
    if (match) records[match[1]!] = match[2]!;
    if (!(length > 0)) break;
    at += length;
  }
  return records;
}

function clean(name: string): string {
  return trimEnd(name.replace(/^(\.?\/)+/, ''), '/');
}

function beside(name: string, target: string): string {
  const parts = name.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function invalid(shown: string, why: string): VarveError {
  return new VarveError('ARCHIVE_INVALID', `the archive ${shown} cannot be read: ${why}`);
}
