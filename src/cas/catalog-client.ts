import { createConnection, type Socket } from 'node:net';
import { VarveError } from '../errors.ts';
import type { CatalogEngine } from './catalog-engine.ts';
import { decodeReply, encodeRequest, type Reply, type Request } from './catalog-messages.ts';
import { MAX_FRAME_BYTES } from './catalog-server.ts';
import { HELLO, openSocketAddress } from './catalog-socket.ts';
import { createFrameReader } from './frame-reader.ts';

/** The owner is gone. Whether it did what it was asked is unknown; every request may be repeated. */
export class ConnectionLost extends Error {}

/** Somebody answers, in words of another version. */
export class OtherProtocol extends Error {}

/**
 * Connects to the owner that listens in a store directory, and resolves when it has said hello: a stopped owner is
 * waited for. The connection keeps this process alive only while a request is unanswered.
 * @throws ConnectionLost when nobody listens or the owner goes, here and from every operation; OtherProtocol
 */
export async function connectCatalog(directory: string): Promise<CatalogEngine> {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let lost: Error | undefined;
  const { socket, hello } = open(directory);

  const lose = (error: Error): void => {
    lost ??= error;
    socket.destroy();
    for (const request of pending.values()) request.reject(lost);
    pending.clear();
  };

  const receive = (frame: Buffer): void => {
    const { id, reply } = decodeReply(frame);
    pending.get(id)?.resolve(reply);
    pending.delete(id);
    if (pending.size === 0) socket.unref();
  };

  await hello(receive, lose);
  socket.unref();

  /** The requests of one turn of the event loop leave in one system call. */
  const send = (request: Request): Promise<Reply> =>
    new Promise<Reply>((resolve, reject) => {
      if (lost) return reject(lost);
      lastId = (lastId + 1) >>> 0;
      const id = lastId;
      if (pending.size === 0) socket.ref();
      pending.set(id, { resolve, reject });
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      socket.write(encodeRequest(id, request));
    });

  async function ask<Op extends Reply['op']>(request: Request, op: Op): Promise<Extract<Reply, { op: Op }>> {
    const reply = await send(request);
    if (reply.op === 'error') throw new VarveError(reply.code, reply.message);
    if (reply.op !== op) throw new Error(`the catalog's owner answered ${reply.op} to ${request.op}`);
    return reply as Extract<Reply, { op: Op }>;
  }

  return {
    getMany: async (keys) => [...(await ask({ op: 'get', keys }, 'get')).values],
    write: async (writes) => void (await ask({ op: 'write', writes }, 'write')),
    page: async (range) => [...(await ask({ op: 'page', range }, 'page')).rows],
    isLasting: async () => true,
    async close() {
      lose(new ConnectionLost('the catalog is closed'));
    },
  };
}

interface Pending {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** The first frame settles hello(); the later ones go to `receive`. */
function open(directory: string) {
  const reader = createFrameReader(MAX_FRAME_BYTES);
  const address = openSocketAddress(directory);
  const socket: Socket = createConnection({ path: address.path });
  socket.once('connect', address.release);

  const hello = (receive: (frame: Buffer) => void, lose: (error: Error) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      let greeted = false;
      const fail = (error: Error): void => {
        lose(error);
        reject(error);
      };
      socket.once('error', (error) => {
        if (socket.connecting) address.release();
        fail(new ConnectionLost(`the catalog's owner: ${error.message}`, { cause: error }));
      });
      socket.on('close', () => fail(new ConnectionLost("the catalog's owner is gone")));
      socket.on('data', (chunk) => {
        try {
          for (const frame of reader.feed(chunk)) {
            if (greeted) receive(frame);
            else if (frame.toString('latin1') !== HELLO) throw new OtherProtocol(frame.toString('latin1', 0, 40));
            else greeted = true;
          }
          if (greeted) resolve();
        } catch (error) {
          fail(error as Error);
        }
      });
    });
  return { socket, hello };
}
