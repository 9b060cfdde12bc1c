import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { readBody, startFake } from './fake-registry.ts';

/** What happens to one request. */
export type Fault =
  | 'refused' // the connection ends when the request's head is there
  | 'request cut' // half of its body goes on, then both connections end
  | 'answer lost' // the registry does it all, the client never hears of it
  | 'answer cut in its head'
  | 'answer cut in its body' // or after its head, when it has no body
  | 'answer changed' // one byte of the body is another
  | 'done, and answered 500'
  | 'answered 429'
  | 'answered 500'
  | 'answered 503'
  | 'done twice' // the client hears of the second time
  | 'delayed'
  | 'never answered';

export interface FaultyProxy extends AsyncDisposable {
  readonly host: string;
  /** `PATCH /v2/app/blobs/uploads/…`, in the order they came. */
  readonly requests: readonly string[];
}

const DELAY_MS = 60;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * A proxy in front of a registry where one request meets a fault; all others pass.
 * @param at which one, counted from 0, or the first like it, as in `requests`
 * @param tokens host and port of the registry's token server, which is then asked through this proxy, at /token
 */
export async function startFaultyProxy(
  upstream: string,
  fault: Fault | undefined,
  at: number | RegExp,
  tokens?: string,
): Promise<FaultyProxy> {
  let [turn, met] = [0, false];
  const server = await startFake(async (request, response) => {
    const isIt = typeof at === 'number' ? turn++ === at : !met && at.test(`${request.method} ${request.url}`);
    if (isIt) met = true;
    if (isIt && fault) return meet(fault, request, response);
    answer(response, request, await forward(request, await readBody(request)));
  });

  function forward(request: IncomingMessage, body: Buffer, cut = body.length): Promise<Answer> {
    const { method, url } = request;
    const [hostname, port] = (tokens && url?.startsWith('/token') ? tokens : upstream).split(':');
    return new Promise((resolve, reject) => {
      const headers = { ...request.headers, host: server.host, connection: 'close' };
      const onward = httpRequest({ hostname, port, method, path: url, headers, agent: false }, (incoming) => {
        readBody(incoming).then(
          (bytes) => resolve({ status: incoming.statusCode!, headers: throughHere(incoming.headers), body: bytes }),
          reject,
        );
      });
      onward.on('error', reject);
      if (cut === body.length) return void onward.end(body);
      onward.write(body.subarray(0, cut), () => void delay(DELAY_MS).then(() => onward.destroy(new Error('cut'))));
    });
  }

  function throughHere(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    const asked = headers['www-authenticate'];
    return tokens && asked ? { ...headers, 'www-authenticate': asked.replace(tokens, server.host) } : headers;
  }

  async function meet(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (fault === 'refused') return void socket.destroy();
    const body = await readBody(request);
    if (fault === 'request cut') {
      await forward(request, body, Math.floor(body.length / 2)).catch(() => {});
      return void socket.destroy();
    }
    if (fault === 'never answered') return;
    const status = /^answered (\d+)$/.exec(fault)?.[1];
    if (status) {
      const headers = { 'content-type': 'application/json', ...(status === '429' ? { 'retry-after': '1' } : {}) };
      return void response
        .writeHead(Number(status), headers)
        .end('{"errors":[{"code":"UNAVAILABLE","message":"later"}]}');
    }
    if (fault === 'delayed') await delay(DELAY_MS);
    if (fault === 'done twice') await forward(request, body);
    const answered = await forward(request, body);
    switch (fault) {
      case 'answer lost':
        return void socket.destroy();
      case 'answer cut in its head':
        return void socket.end(`HTTP/1.1 ${answered.status} X\r\ncontent-le`);
      case 'answer cut in its body': {
        answer(response, request, { ...answered, body: answered.body.subarray(0, answered.body.length / 2) }, true);
        return void setImmediate(() => socket.destroy());
      }
      case 'done, and answered 500':
        return void response.writeHead(500).end();
      case 'answer changed': {
        const changed = Buffer.from(answered.body);
        if (changed.length) changed[changed.length >> 1]! ^= 1;
        return answer(response, request, { ...answered, body: changed });
      }
      default:
        return answer(response, request, answered);
    }
  }

  function answer(
    response: ServerResponse,
    request: IncomingMessage,
    { status, headers, body }: Answer,
    part = false,
  ): void {
    const { connection: _, 'transfer-encoding': __, ...kept } = headers;
    const length = request.method === 'HEAD' || part ? headers['content-length'] : String(body.length);
    response.writeHead(status, { ...kept, ...(length === undefined ? {} : { 'content-length': length }) });
    if (part) response.write(body);
    else response.end(body);
  }

  return { host: server.host, requests: server.requests, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
