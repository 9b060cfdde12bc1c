import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { createHttpFetcher } from '../../src/context/http-fetcher.ts';
import { createUrlFiles, type UrlFiles, urlFileName } from '../../src/context/url-files.ts';
import { addUrl } from '../../src/instructions/add-url.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { openTestStore, tempRoot } from '../cas/store-fixture.ts';
import { type HttpFiles, type ServedFile, serveFiles } from '../support/http-files.ts';

const BODY = Buffer.alloc(300_000, 'varve');
const DATED = { etag: '"v1"', lastModified: 'Sat, 03 Feb 2001 04:05:06 GMT' };
const DATE_NS = 981_173_106_000_000_000n;

interface World {
  readonly server: HttpFiles;
  /** What a process of its own would use. */
  urls(secrets?: Record<string, string>): UrlFiles;
}

async function world(t: ExecutionContext, files: Record<string, ServedFile>): Promise<World> {
  const server = await serveFiles(files);
  const { root, remove } = tempRoot();
  const store = await openTestStore(root);
  const http = createHttpFetcher('test', {});
  t.teardown(async () => {
    await http.close();
    await store.close();
    await server[Symbol.asyncDispose]();
    remove();
  });
  return {
    server,
    urls: (secrets = {}) =>
      createUrlFiles({
        http,
        blobs: store.blobs,
        catalog: store.catalog,
        secret: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])),
        signal: new AbortController().signal,
      }),
  };
}

test('ADD of a URL is a file of root, 0600, with the mtime that the server says', async (t) => {
  const { server, urls } = await world(t, { '/d/tool.tar': { body: BODY, ...DATED }, '/plain': { body: 'x' } });
  const checksum = digestOf(BODY);
  const file = await addUrl(`${server.url}/d/tool.tar?x=1#y`, { urls: urls(), unpack: false, checksum });
  t.is(file.name, 'tool.tar');
  t.deepEqual(file.entry, {
    type: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: DATE_NS,
    size: BODY.length,
    digest: checksum,
  });
  t.true('path' in file.content && (await readFile(file.content.path)).equals(BODY));
  t.is((await urls().get(`${server.url}/plain`)).mtime, 0n);
});

test('what did not change is not sent again: by ETag, else by Last-Modified', async (t) => {
  const { server, urls } = await world(t, {
    '/etag': { body: 'one', etag: '"v1"' },
    '/date': { body: 'one', lastModified: DATED.lastModified },
    '/none': { body: 'one' },
  });
  for (const [path, status] of [
    ['/etag', 304],
    ['/date', 304],
    ['/none', 200],
  ] as const) {
    const first = await urls().get(server.url + path);
    t.deepEqual(await urls().get(server.url + path), first);
    t.is(server.requests.at(-1)?.status, status, path);
    server.files.set(path, { body: 'two', etag: '"v2"' });
    t.is((await urls().get(server.url + path)).digest, digestOf(Buffer.from('two')), path);
  }
});

test('in one build a URL is asked once; one with a checksum that the store has is not asked at all', async (t) => {
  const { server, urls } = await world(t, { '/f': { body: BODY, ...DATED } });
  const build = urls();
  await Promise.all([build.get(`${server.url}/f`), build.get(`${server.url}/f`)]);
  t.is(server.requests.length, 1);
  t.is((await urls().get(`${server.url}/f`, digestOf(BODY))).mtime, DATE_NS);
  t.is(server.requests.length, 1);
});

test('a wrong checksum fails with both digests, and the file is not kept', async (t) => {
  const { server, urls } = await world(t, { '/f': { body: BODY } });
  const wanted = digestOf(Buffer.from('other'));
  const error = await t.throwsAsync(urls().get(`${server.url}/f`, wanted), { code: 'ADD_CHECKSUM' });
  t.true(error?.message.includes(wanted));
  t.true(error?.message.includes(digestOf(BODY)));
  await t.throwsAsync(urls().get(`${server.url}/f`, wanted), { code: 'ADD_CHECKSUM' });
  await t.throwsAsync(addUrl(`${server.url}/f`, { urls: urls(), unpack: false, checksum: 'md5:0' }), {
    code: 'CHECKSUM_INVALID',
  });
});

test('an answer that is no success, a broken one and no answer at all name the URL', async (t) => {
  const { server, urls } = await world(t, { '/cut': { body: BODY, cut: true } });
  for (const [url, words] of [
    [`${server.url}/missing`, /404/],
    [`${server.url}/cut`, /.+/],
    ['http://127.0.0.1:1/x', /.+/],
  ] as const) {
    const error = await t.throwsAsync(urls().get(url), { code: 'ADD_DOWNLOAD', message: words });
    t.true(error?.message.includes(url));
  }
});

test('redirects are followed, and the secrets for one host do not go to another', async (t) => {
  const other = await serveFiles({ '/real': { body: BODY } });
  t.teardown(() => other[Symbol.asyncDispose]());
  const { server, urls } = await world(t, {
    '/away': { body: '', location: `${other.url}/real` },
    '/here': { body: '', location: '/there' },
    '/there': { body: 'there' },
  });
  const token = urls({ [`HTTP_AUTH_TOKEN_${server.host}`]: 'a-token\n' });
  t.is((await token.get(`${server.url}/away`)).digest, digestOf(BODY));
  await token.get(`${server.url}/here`);
  t.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ['Bearer a-token', 'Bearer a-token', 'Bearer a-token'],
  );
  t.deepEqual(
    other.requests.map(({ headers }) => headers.authorization),
    [undefined],
  );
  await urls({ [`HTTP_AUTH_HEADER_${server.host}`]: 'Basic eDp5' }).get(`${server.url}/there?again`);
  t.is(server.requests.at(-1)?.headers.authorization, 'Basic eDp5');
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
