import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { digestOf } from '../../src/oci/digest.ts';
import { type FakeServer, startFake } from './fake-registry.ts';

export interface RecordedExchange {
  readonly method: string;
  readonly path: string;
  status: number;
  /** Bytes of the answer's body. */
  received: number;
  /** Bytes of the request's body. */
  sent: number;
}

/** What the proxy does instead of passing a request on; undefined passes it on. */
export type Intervention = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | undefined | Promise<boolean | undefined>;

export interface RecordingProxy extends AsyncDisposable {
  readonly host: string;
  readonly exchanges: RecordedExchange[];
  /** Told of every request; true says that it has answered. */
  intervene: Intervention | undefined;
  /** Changes bodies of answers on their way. */
  change: ((path: string, body: Buffer) => Buffer) | undefined;
  /** Asks the registry for another path. */
  rewrite: ((path: string) => string) | undefined;
  clear(): void;
}

/** A proxy in front of a registry that writes down every request with its bytes, and can get in the way. */
export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const exchanges: RecordedExchange[] = [];
  const state: Pick<RecordingProxy, 'intervene' | 'change' | 'rewrite'> = {
    intervene: undefined,
    change: undefined,
    rewrite: undefined,
  };
  let server: FakeServer | undefined;

  const forward = (request: IncomingMessage, response: ServerResponse, exchange: RecordedExchange): Promise<void> =>
    new Promise((resolve, reject) => {
      const [hostname, port] = upstream.split(':');
      const { method, url, headers } = request;
      const onward = httpRequest(
        {
          hostname,
          port,
          method,
          path: state.rewrite?.(url ?? '') ?? url,
          headers: { ...headers, host: server!.host },
        },
        (answer) => {
          exchange.status = answer.statusCode ?? 0;
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const whole = Buffer.concat(chunks);
            const body =
              state.change && method === 'GET' && exchange.status === 200 ? state.change(exchange.path, whole) : whole;
            exchange.received = body.length;
            const { 'content-length': length, ...rest } = answer.headers;
            // A manifest that was changed in the registry has a digest of its own.
            if (body !== whole && rest['docker-content-digest'] && exchange.path.includes('/manifests/'))
              rest['docker-content-digest'] = digestOf(body);
            const size = method === 'HEAD' ? length : String(body.length);
            response.writeHead(exchange.status, { ...rest, ...(size === undefined ? {} : { 'content-length': size }) });
            response.end(body);
            resolve();
          });
          answer.on('error', reject);
        },
      );
      onward.on('error', reject);
      request.on('data', (chunk: Buffer) => {
        exchange.sent += chunk.length;
      });
      request.pipe(onward);
    });

  server = await startFake(async (request, response) => {
    const exchange = { method: request.method ?? '', path: request.url ?? '', status: 0, received: 0, sent: 0 };
    exchanges.push(exchange);
    if (await state.intervene?.(request, response)) {
      exchange.status = response.statusCode;
      return;
    }
    await forward(request, response, exchange);
  });
  return {
    host: server.host,
    exchanges,
    get intervene() {
      return state.intervene;
    },
    set intervene(value) {
      state.intervene = value;
    },
    get change() {
      return state.change;
    },
    set change(value) {
      state.change = value;
    },
    get rewrite() {
      return state.rewrite;
    },
    set rewrite(value) {
      state.rewrite = value;
    },
    clear: () => void exchanges.splice(0),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
