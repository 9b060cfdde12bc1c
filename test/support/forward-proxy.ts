import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** An HTTP proxy on 127.0.0.1 that knows names which no resolver has. */
export interface ForwardProxy extends AsyncDisposable {
  readonly url: string;
  /** `GET http://…` and `CONNECT host:port`, in the order they came. */
  readonly requests: string[];
  /** `Proxy-Authorization` of each. */
  readonly authorizations: (string | undefined)[];
}

/** @param hosts `host:port` as it is asked for, to `host:port` where it is */
export async function startForwardProxy(hosts: Readonly<Record<string, string>>): Promise<ForwardProxy> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const split = (host: string): [string, number] => [host.replace(/:\d+$/, ''), Number(/\d+$/.exec(host)?.[0])];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers['proxy-authorization']);
    const { host, pathname, search } = new URL(request.url ?? '', 'http://nobody.example');
    const place = hosts[host.includes(':') ? host : `${host}:80`];
    if (place === undefined) return void response.writeHead(502).end();
    const [hostname, port] = split(place);
    const { method, headers } = request;
    const onward = httpRequest({ hostname, port, method, path: pathname + search, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, client) => {
    requests.push(`CONNECT ${request.url}`);
    authorizations.push(request.headers['proxy-authorization']);
    client.on('error', () => {});
    const place = hosts[request.url ?? ''];
    if (place === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const [host, port] = split(place);
    const onward = connect(port, host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    onward.on('error', () => client.destroy());
    client.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
