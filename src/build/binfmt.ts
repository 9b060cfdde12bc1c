import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A registered binfmt_misc handler that is told by a file's first bytes. */
export interface BinfmtHandler {
  readonly name: string;
  readonly interpreter: string;
  /** Flag F: the kernel opened the interpreter at registration, so it works in every root. */
  readonly isFixed: boolean;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

export type BinfmtHandlers = readonly BinfmtHandler[];

/**
 * The enabled handlers; undefined when binfmt_misc is not mounted at `directory`, and nothing can be known.
 * @see https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function readBinfmt(directory: string): BinfmtHandlers | undefined {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return undefined;
  }
  if (!names.includes('status')) return undefined;
  if (readText(join(directory, 'status')).trim() !== 'enabled') return [];
  return names
    .filter((name) => name !== 'status' && name !== 'register')
    .flatMap((name) => parseHandler(name, readText(join(directory, name))) ?? []);
}

/** A handler's file; undefined for one that is disabled or goes by a file's extension. */
export function parseHandler(name: string, text: string): BinfmtHandler | undefined {
  const lines = text.split('\n');
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const magic = value('magic');
  if (lines[0] !== 'enabled' || magic === undefined) return undefined;
  const bytes = Buffer.from(magic, 'hex');
  const mask = value('mask');
  return {
    name,
    interpreter: value('interpreter') ?? '',
    isFixed: (lines.find((line) => line.startsWith('flags:')) ?? '').slice('flags:'.length).includes('F'),
    offset: Number(value('offset') ?? 0),
    magic: bytes,
    mask: mask === undefined ? Buffer.alloc(bytes.length, 0xff) : Buffer.from(mask, 'hex'),
  };
}

/** The handler that the kernel would take for a file that begins so. */
export function handlerFor(head: Buffer, handlers: BinfmtHandlers): BinfmtHandler | undefined {
  return handlers.find(({ offset, magic, mask }) =>
    magic.every((byte, i) => ((head[offset + i] ?? 0) & (mask[i] ?? 0xff)) === (byte & (mask[i] ?? 0xff))),
  );
}

/** ELF class (bits), byte order and e_machine. @see https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/elf-em.h */
const ELF: Readonly<Record<string, readonly [bits: 32 | 64, order: 'little' | 'big', machine: number]>> = {
  386: [32, 'little', 3],
  amd64: [64, 'little', 62],
  arm: [32, 'little', 40],
  arm64: [64, 'little', 183],
  loong64: [64, 'little', 258],
  mips64le: [64, 'little', 8],
  ppc64le: [64, 'little', 21],
  riscv64: [64, 'little', 243],
  s390x: [64, 'big', 22],
};

/** Longest header that a handler may look at. @see BINPRM_BUF_SIZE in linux/binfmts.h */
const HEAD_BYTES = 256;
const ET_EXEC = 2;

/** How an executable of an architecture begins; undefined for one that varve doesn't know. */
export function elfHeader(architecture: string): Buffer | undefined {
  const known = ELF[architecture];
  if (!known) return undefined;
  const [bits, order, machine] = known;
  const head = Buffer.alloc(HEAD_BYTES);
  head.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === 'little' ? 1 : 2, 1]);
  if (order === 'little') {
    head.writeUInt16LE(ET_EXEC, 16);
    head.writeUInt16LE(machine, 18);
    head.writeUInt32LE(1, 20);
  } else {
    head.writeUInt16BE(ET_EXEC, 16);
    head.writeUInt16BE(machine, 18);
    head.writeUInt32BE(1, 20);
  }
  return head;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // unregistered meanwhile
  }
}
