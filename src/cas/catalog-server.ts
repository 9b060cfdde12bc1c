import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';
import { type CatalogEngine, MAX_WRITE_BYTES } from './catalog-engine.ts';
import { decodeRequest, encodeReply, type Reply, type Request } from './catalog-messages.ts';
import { helloFrame, openSocketAddress, SOCKET_NAME } from './catalog-socket.ts';
import { createFrameReader } from './frame-reader.ts';

/** A connection is not read while this much of it is unanswered or unsent. */
const HIGH_WATER_BYTES = 1 << 24;
/** How long a closing owner waits for a client to take its last answers. */
const FLUSH_MS = 100;
/** The framing of a write adds to its rows. */
export const MAX_FRAME_BYTES = 2 * MAX_WRITE_BYTES;

export interface CatalogServer {
  /** Refuses new connections, removes the socket, answers what was read, then cuts: clients ask the next owner. */
  close(): Promise<void>;
}

/**
 * Serves an engine to the other processes at `<directory>/catalog.sock`. The caller is the catalog's owner, so a socket
 * that lies there is nobody's. Neither the server nor its connections keep this process alive.
 * @throws Error when the file system has no sockets
 */
export async function serveCatalog(engine: CatalogEngine, directory: string): Promise<CatalogServer> {
  const connections = new Map<Socket, Connection>();
  const server = createServer((socket) => {
    connections.set(socket, serveConnection(socket, engine));
    socket.on('close', () => connections.delete(socket));
  });
  rmSync(join(directory, SOCKET_NAME), { force: true });
  const address = openSocketAddress(directory);
  try {
    await listen(server, address.path);
  } catch (error) {
    address.release();
    throw error;
  }
  server.unref();

  return {
    async close() {
      // Unlinks the socket at once, so before the owner's lock is given up.
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...connections.values()].map((connection) => connection.finish()));
      await closed;
      address.release();
    },
  };
}

interface Connection {
  finish(): Promise<void>;
}

function serveConnection(socket: Socket, engine: CatalogEngine): Connection {
  const reader = createFrameReader(MAX_FRAME_BYTES);
  const running = new Set<Promise<void>>();
  let unanswered = 0;
  let finishing = false;

  const regulate = (): void => {
    if (finishing || unanswered + socket.writableLength > HIGH_WATER_BYTES) socket.pause();
    else socket.resume();
  };
  const serve = async (frame: Buffer): Promise<void> => {
    unanswered += frame.length;
    const { id, request } = decodeRequest(frame);
    const reply = encodeReply(id, await answerRequest(engine, request));
    if (!socket.destroyed) socket.write(reply);
    unanswered -= frame.length;
    regulate();
  };

  socket.unref();
  socket.on('error', () => socket.destroy());
  socket.on('drain', regulate);
  socket.on('data', (chunk) => {
    socket.cork();
    process.nextTick(() => socket.uncork());
    try {
      for (const frame of reader.feed(chunk)) {
        const task = serve(frame)
          .catch(() => void socket.destroy()) // what came was no request
          .finally(() => running.delete(task));
        running.add(task);
      }
    } catch {
      socket.destroy();
    }
    regulate();
  });
  socket.write(helloFrame());

  return {
    async finish() {
      finishing = true;
      socket.pause();
      await Promise.all(running);
      // Whoever has not got an answer asks the next owner, so nothing waits for a client that doesn't read.
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FLUSH_MS);
        socket.end(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      socket.destroy();
    },
  };
}

async function answerRequest(engine: CatalogEngine, request: Request): Promise<Reply> {
  try {
    if (request.op === 'get') return { op: 'get', values: await engine.getMany(request.keys) };
    if (request.op === 'page') return { op: 'page', rows: await engine.page(request.range) };
    await engine.write(request.writes);
    return { op: 'write' };
  } catch (error) {
    const { message } = error as Error;
    return { op: 'error', code: error instanceof VarveError ? error.code : 'CATALOG', message };
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {}); // accept(2) failing concerns the client that was not accepted
      resolve();
    });
  });
}
