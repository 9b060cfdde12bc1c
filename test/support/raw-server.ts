import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that answers every connection with the same bytes, HTTP or not. */
export interface RawServer extends AsyncDisposable {
  /** `127.0.0.1:40123` */
  readonly host: string;
  /** What the next connections are answered with. */
  answer(bytes: Buffer | string): void;
}

export async function startRaw(first: Buffer | string = ''): Promise<RawServer> {
  let bytes = first;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer(next) {
      bytes = next;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
