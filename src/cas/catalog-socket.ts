import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL } from './format.ts';

/** A path that connect(2) and bind(2) take, valid until release(). */
export interface SocketAddress {
  readonly path: string;
  release(): void;
}

export const SOCKET_NAME = 'catalog.sock';

/** sun_path has 108 bytes with its NUL (unix(7)). */
const MAX_PATH_BYTES = 107;

/** The address of a socket in a directory: the catalog's in a store, unless named. A path that is too long is reached through a descriptor. */
export function openSocketAddress(directory: string, name = SOCKET_NAME): SocketAddress {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, release: () => {} };
  const fd = openSync(directory, 'r');
  return { path: `/proc/self/fd/${fd}/${name}`, release: () => closeSync(fd) };
}

/** What the owner says first on every connection: who speaks, and which protocol. */
export const HELLO = `varve catalog ${PROTOCOL}`;

export function helloFrame(): Buffer {
  const frame = Buffer.alloc(4 + HELLO.length);
  frame.writeUInt32LE(HELLO.length, 0);
  frame.write(HELLO, 4, 'latin1');
  return frame;
}
