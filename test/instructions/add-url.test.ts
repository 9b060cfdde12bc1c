import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { type AddUrlOptions, addUrl, type UrlFetcher, urlFileName } from '../../src/instructions/add-url.ts';
import { sha256 } from './support/memory-source.ts';

const BODY = Buffer.alloc(300_000, 'varve');

const fetcher: UrlFetcher = {
  async fetch(url, signal) {
    const { statusCode, headers, body } = await request(url, { signal });
    return { status: statusCode, headers, body };
  },
};

async function served(t: ExecutionContext, dated = true): Promise<{ base: string; dir: string }> {
  const server = createServer((req, res) => {
    if (req.url === '/missing') return void res.writeHead(404).end('no');
    if (req.url === '/cut') {
      res.writeHead(200, { 'content-length': BODY.length });
      return void res.write(BODY.subarray(0, 1000), () => res.destroy());
    }
    res.writeHead(200, dated ? { etag: '"v1"', 'last-modified': 'Sat, 03 Feb 2001 04:05:06 GMT' } : {}).end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dir = await mkdtemp(join(tmpdir(), 'varve-add-'));
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, dir };
}

function options(dir: string, more: Partial<AddUrlOptions> = {}): AddUrlOptions {
  return { fetcher, file: join(dir, 'download'), unpack: false, signal: new AbortController().signal, ...more };
}

test('a download is a file of root, 0600, with the mtime that the server says', async (t) => {
  const { base, dir } = await served(t);
  const { file, etag, lastModified } = await addUrl(
    `${base}/d/tool.tar?x=1#y`,
    options(dir, { checksum: sha256(BODY) }),
  );
  t.deepEqual(file, {
    name: 'tool.tar',
    entry: {
      type: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtime: 981_173_106_000_000_000n,
      size: BODY.length,
      digest: sha256(BODY),
    },
    content: { path: join(dir, 'download') },
    unpack: false,
  });
  t.is(etag, '"v1"');
  t.is(lastModified, 'Sat, 03 Feb 2001 04:05:06 GMT');
  t.true((await readFile(join(dir, 'download'))).equals(BODY));
});

test('without a date the mtime is 1970, without validators there are none', async (t) => {
  const { base, dir } = await served(t, false);
  const added = await addUrl(`${base}/x`, options(dir));
  t.is(added.file.entry.mtime, 0n);
  t.deepEqual(Object.keys(added), ['file']);
});

test('a wrong checksum fails with both digests and leaves no file', async (t) => {
  const { base, dir } = await served(t);
  const wanted = `sha256:${'0'.repeat(64)}`;
  const error = await t.throwsAsync(addUrl(`${base}/x`, options(dir, { checksum: wanted })), { code: 'ADD_CHECKSUM' });
  t.true(error?.message.includes(wanted));
  t.true(error?.message.includes(sha256(BODY)));
  t.deepEqual(await readdir(dir), []);
});

test('an answer that is no success, a broken one and no answer at all name the URL', async (t) => {
  const { base, dir } = await served(t);
  for (const [url, words] of [
    [`${base}/missing`, /404/],
    [`${base}/cut`, /.+/],
    ['http://127.0.0.1:1/x', /.+/],
  ] as const) {
    const error = await t.throwsAsync(addUrl(url, options(dir)), { code: 'ADD_DOWNLOAD', message: words });
    t.true(error?.message.includes(url));
    t.deepEqual(await readdir(dir), []);
  }
});

test('a checksum of another kind is refused before anything is fetched', async (t) => {
  const never: UrlFetcher = { fetch: () => Promise.reject(new Error('fetched')) };
  await t.throwsAsync(addUrl('http://h/x', options('/nowhere', { fetcher: never, checksum: 'md5:0' })), {
    code: 'CHECKSUM_INVALID',
    message: /md5:0/,
  });
});

test('the name is the last part of the path, decoded', (t) => {
  t.is(urlFileName('http://h/v2/blobs/sha256:ab'), 'sha256:ab');
  t.is(urlFileName('http://h/a%20b%25.txt?q=/z'), 'a b%.txt');
  t.is(urlFileName('http://h/%C3%BC'), 'Ã¼', 'UTF-8 bytes');
  t.is(urlFileName('http://h/dir/'), 'dir');
  for (const url of ['http://h', 'http://h/', 'http://h/a%2Fb', 'http://h/%2e%2e', 'no url']) {
    t.is(urlFileName(url), '__unnamed__', url);
  }
});
