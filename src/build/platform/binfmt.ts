import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

/** What a machine runs besides its own programs. */
export interface Emulation {
  /** The enabled handlers; undefined when binfmt_misc is not mounted here, as in most containers. */
  handlers(): BinfmtHandlers | undefined;
  /** Whether a program really runs here; tried once for each architecture. */
  tries(architecture: string, program: Buffer): boolean;
}

export function createEmulation(directory: string): Emulation {
  const tried = new Map<string, boolean>();
  return {
    handlers: () => readBinfmt(directory),
    tries(architecture, program) {
      const known = tried.get(architecture) ?? runs(program);
      tried.set(architecture, known);
      return known;
    },
  };
}

/** A program that the kernel refuses may be taken for a shell's script, which fails too. */
function runs(program: Buffer): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'varve-exec-'));
  try {
    const file = join(directory, 'exit');
    writeFileSync(file, program, { mode: 0o755 });
    return spawnSync(file, { stdio: 'ignore' }).status === 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // unregistered meanwhile
  }
}
