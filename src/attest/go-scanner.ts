import type { BytePath } from '../io/byte-path.ts';
import { type ElfHead, readElfHead } from './elf-segments.ts';
import { type FileFindings, NOTHING_FOUND } from './found-package.ts';
import { GO_MAGIC, goFindings, oldGo, readGoStrings } from './go-build-info.ts';

/** Program headers lie at the beginning. */
const HEAD_BYTES = 8192;
/** Module information of large programs has some 100 KiB. */
const INFO_LIMIT_BYTES = 8 * 1024 * 1024;
/** Where in memory the magic may begin. */
const ALIGNMENT = 16;

/** Bytes of one file that are pushed in, in order. */
export interface FileReader {
  /** The buffer is valid during the call only. */
  push(chunk: Buffer): void;
  /** What the file gave. */
  end(): FileFindings;
}

/**
 * Looks for a Go program's build information in a file of any size: its head, then its writable data segments, and from
 * the magic on what is needed. Keeps {@link HEAD_BYTES} or the information itself, no more.
 */
export function createGoScanner(foundIn: BytePath): FileReader {
  let state: 'head' | 'search' | 'collect' | 'done' = 'head';
  let kept: Buffer[] = [];
  let [keptBytes, position] = [0, 0];
  let elf: ElfHead = { isLittleEndian: true, segments: [] };
  /** The last bytes of the chunk before: the magic may be cut. */
  let tail: Buffer = Buffer.alloc(0);
  let result = NOTHING_FOUND;

  const keep = (chunk: Buffer): Buffer => {
    kept.push(Buffer.from(chunk));
    keptBytes += chunk.length;
    const whole = kept.length === 1 ? kept[0]! : Buffer.concat(kept);
    kept = [whole];
    return whole;
  };

  const readHead = (head: Buffer): void => {
    const found = readElfHead(head);
    [kept, keptBytes] = [[], 0];
    state = found?.segments.length ? 'search' : 'done';
    if (found) elf = found;
    position = 0;
    if (state === 'search') search(head);
  };

  /** @param chunk lies at `position` */
  const search = (chunk: Buffer): void => {
    const bytes = tail.length ? Buffer.concat([tail, chunk]) : chunk;
    const start = position - tail.length;
    position += chunk.length;
    for (let at = bytes.indexOf(GO_MAGIC); at >= 0; at = bytes.indexOf(GO_MAGIC, at + 1)) {
      if (!isInData(start + at)) continue;
      state = 'collect';
      tail = Buffer.alloc(0);
      collect(bytes.subarray(at));
      return;
    }
    const last = elf.segments.at(-1)!;
    if (position >= last.offset + last.size) state = 'done';
    tail = Buffer.from(bytes.subarray(Math.max(bytes.length - GO_MAGIC.length + 1, 0)));
  };

  const isInData = (at: number): boolean =>
    elf.segments.some(
      ({ offset, address, size }) => at >= offset && at < offset + size && (address + at - offset) % ALIGNMENT === 0,
    );

  const collect = (chunk: Buffer): void => {
    const bytes = keep(chunk);
    const strings = readGoStrings(bytes);
    if (strings === 'short' && keptBytes < INFO_LIMIT_BYTES) return;
    state = 'done';
    [kept, keptBytes] = [[], 0];
    if (strings === 'old') result = oldGo(foundIn);
    else if (strings !== 'short') result = goFindings(strings, foundIn);
  };

  return {
    push(chunk) {
      if (state === 'search') search(chunk);
      else if (state === 'collect') collect(chunk);
      else if (state === 'head') {
        const head = keep(chunk);
        if (head.length >= HEAD_BYTES) readHead(head);
      }
    },
    end() {
      if (state === 'head') readHead(Buffer.concat(kept));
      return result;
    },
  };
}
