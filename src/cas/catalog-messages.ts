import type { Row, RowRange, RowWrite } from './catalog-engine.ts';
import { createWireReader, createWireWriter, type WireReader } from './wire-buffer.ts';

/** What a client asks the catalog's owner (docs/store-format.md, "Sharing"). */
export type Request =
  | { readonly op: 'get'; readonly keys: readonly string[] }
  | { readonly op: 'write'; readonly writes: readonly RowWrite[] }
  | { readonly op: 'page'; readonly range: RowRange };

export type Reply =
  | { readonly op: 'get'; readonly values: readonly (Buffer | undefined)[] }
  | { readonly op: 'write' }
  | { readonly op: 'page'; readonly rows: readonly Row[] }
  | { readonly op: 'error'; readonly code: string; readonly message: string };

const CODES = { get: 1, write: 2, page: 3, error: 4 } as const;

/** A frame: length, id, op, then the op's fields. */
export function encodeRequest(id: number, request: Request): Buffer {
  const out = createWireWriter(request.op === 'write' ? writeSize(request.writes) : 512);
  out.u32(id);
  out.u8(CODES[request.op]);
  if (request.op === 'get') {
    out.u32(request.keys.length);
    for (const key of request.keys) out.text(key);
  } else if (request.op === 'write') {
    out.u32(request.writes.length);
    for (const { key, value } of request.writes) {
      out.text(key);
      out.u8(value ? 1 : 0);
      if (value) out.bytes(value);
    }
  } else {
    out.text(request.range.from);
    out.u8(request.range.after ? 1 : 0);
    out.text(request.range.to);
  }
  return out.frame();
}

export function decodeRequest(frame: Buffer): { id: number; request: Request } {
  const input = createWireReader(frame);
  const id = input.u32();
  const code = input.u8();
  if (code === CODES.get) return { id, request: { op: 'get', keys: list(input, () => input.text()) } };
  if (code === CODES.write) {
    const writes = list(input, () => ({ key: input.text(), value: input.u8() === 1 ? input.bytes() : undefined }));
    return { id, request: { op: 'write', writes } };
  }
  if (code === CODES.page)
    return { id, request: { op: 'page', range: { from: input.text(), after: input.u8() === 1, to: input.text() } } };
  throw new RangeError(`a request with the unknown code ${code}`);
}

export function encodeReply(id: number, reply: Reply): Buffer {
  const out = createWireWriter(512);
  out.u32(id);
  out.u8(CODES[reply.op]);
  if (reply.op === 'get') {
    out.u32(reply.values.length);
    for (const value of reply.values) {
      out.u8(value ? 1 : 0);
      if (value) out.bytes(value);
    }
  } else if (reply.op === 'page') {
    out.u32(reply.rows.length);
    for (const [key, value] of reply.rows) {
      out.text(key);
      out.bytes(value);
    }
  } else if (reply.op === 'error') {
    out.text(reply.code);
    out.bytes(Buffer.from(reply.message));
  }
  return out.frame();
}

export function decodeReply(frame: Buffer): { id: number; reply: Reply } {
  const input = createWireReader(frame);
  const id = input.u32();
  const code = input.u8();
  if (code === CODES.write) return { id, reply: { op: 'write' } };
  if (code === CODES.get) {
    const values = list(input, () => (input.u8() === 1 ? detached(input.bytes()) : undefined));
    return { id, reply: { op: 'get', values } };
  }
  if (code === CODES.page)
    return { id, reply: { op: 'page', rows: list(input, () => [input.text(), detached(input.bytes())] as const) } };
  if (code === CODES.error) return { id, reply: { op: 'error', code: input.text(), message: `${input.bytes()}` } };
  throw new RangeError(`a reply with the unknown code ${code}`);
}

function list<T>(input: WireReader, item: () => T): T[] {
  const items: T[] = [];
  for (let count = input.u32(); count > 0; count--) items.push(item());
  return items;
}

/** A copy of a small value, because whoever keeps a slice keeps the whole frame in memory. */
function detached(value: Buffer): Buffer {
  return value.length < 1 << 16 ? Buffer.from(value) : value;
}

function writeSize(writes: readonly RowWrite[]): number {
  return writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0) + 7, 9);
}
