import { createConnection, createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { openSocketAddress } from '../../cas/catalog-socket.ts';

/** A socket that answers as an ssh agent does, until it is closed. */
export interface SshSocket {
  readonly path: string;
  close(): Promise<void>;
}

const SOCKET_NAME = 'agent.sock';
/** draft-miller-ssh-agent, 5.1: what a RUN may ask. Adding, removing and locking keys is refused, as BuildKit does. */
const REQUEST_IDENTITIES = 11;
const SIGN_REQUEST = 13;
/** SSH_AGENT_FAILURE (5), framed. */
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);
/** OpenSSH's AGENT_MAX_LEN. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * Forwards an ssh agent through a socket of its own in `directory`, which lets only two requests pass: which keys are
 * there, and sign this. So a command can use keys, and neither take them away nor put any in.
 * @param upstream connects to the agent
 */
export async function forwardAgent(directory: string, upstream: () => Socket): Promise<SshSocket> {
  const address = openSocketAddress(directory, SOCKET_NAME);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const agent = upstream();
    for (const socket of [client, agent]) {
      open.add(socket);
      socket.on('error', () => {}); // seen by the loop below
      socket.on('close', () => open.delete(socket));
    }
    void relay(client, agent)
      .catch(() => {})
      .finally(() => {
        client.end();
        agent.destroy();
      });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address.path, resolve);
    });
  } catch (error) {
    address.release();
    throw error;
  }
  return {
    path: join(directory, SOCKET_NAME),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      address.release();
    },
  };
}

/** One request, one answer, until either side ends. */
async function relay(client: Socket, agent: Socket): Promise<void> {
  const answers = messages(agent);
  for await (const request of messages(client)) {
    const type = request[4];
    if (type !== REQUEST_IDENTITIES && type !== SIGN_REQUEST) {
      client.write(FAILURE);
      continue;
    }
    agent.write(request);
    const answer = await answers.next();
    if (answer.done) return;
    client.write(answer.value);
  }
}

/** Messages of the agent protocol, each with its length in front (4 bytes, big endian). */
async function* messages(socket: Socket): AsyncGenerator<Buffer, void> {
  let buffered = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 4) {
      const length = 4 + buffered.readUInt32BE(0);
      if (length > MAX_MESSAGE_BYTES) throw new Error('the message is too long');
      if (buffered.length < length) break;
      yield buffered.subarray(0, length);
      buffered = buffered.subarray(length);
    }
  }
}

/** Connects to the agent whose socket is at `path`. */
export function agentAt(path: string): () => Socket {
  return () => {
    const address = openSocketAddress(dirname(path), basename(path));
    return createConnection(address.path).once('close', () => address.release());
  };
}
