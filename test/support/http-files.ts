import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedFile {
  readonly body: Buffer | string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Where to go instead. */
  readonly location?: string;
  /** The answer ends before the file does. */
  readonly cut?: boolean;
}

/** Files on 127.0.0.1, by path; they may be changed while it runs. */
export interface HttpFiles extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly files: Map<string, ServedFile>;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; status: number }[];
}

export async function serveFiles(files: Readonly<Record<string, ServedFile>>): Promise<HttpFiles> {
  const served = new Map(Object.entries(files));
  const requests: HttpFiles['requests'] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const file = served.get(path);
    const { headers } = request;
    const matches = file?.etag !== undefined && headers['if-none-match'] === file.etag;
    const since = file?.lastModified !== undefined && headers['if-modified-since'] === file.lastModified;
    const status = !file ? 404 : file.location ? 302 : matches || since ? 304 : 200;
    requests.push({ path, headers, status });
    if (file?.etag) response.setHeader('etag', file.etag);
    if (file?.lastModified) response.setHeader('last-modified', file.lastModified);
    if (file?.location) response.setHeader('location', file.location);
    if (status !== 200 || !file) return void response.writeHead(status).end();
    const body = Buffer.from(file.body);
    response.writeHead(200, { 'content-length': body.length });
    if (file.cut) response.write(body.subarray(0, body.length / 2), () => response.destroy());
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    files: served,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
