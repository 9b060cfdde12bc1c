import test from 'ava';
import { parseGitReference } from '../../src/context/git-reference.ts';
import type { FileSource } from '../../src/snapshot/file-source.ts';
import { makeGitRepository } from '../support/git-server.ts';
import { namesIn as names, readText as read, gitWorld as world } from './support/git-sources.ts';

test('.git is the same bytes in every checkout', async (t) => {
  const { server, files } = await world(t);
  makeGitRepository(server.directory, 'app.git').commit({ a: 'one', 'b/c': 'two' });
  const url = `${server.url}/app.git?keep-git-dir=1`;
  const inventory = async (source: FileSource, path = '.git'): Promise<string[]> => {
    const children = await source.list(path);
    const entries = await source.complete(children.map(({ name, entry }) => ({ path: `${path}/${name}`, entry })));
    const below = await Promise.all(
      children.map(({ name, entry }) => (entry.type === 'dir' ? inventory(source, `${path}/${name}`) : [])),
    );
    return [...entries.map(({ digest }, i) => `${path}/${children[i]?.name} ${digest}`), ...below.flat()];
  };
  const first = await inventory(await files(url));
  t.true(first.some((line) => line.startsWith('.git/index sha256:')));
  t.deepEqual(await inventory(await files(url)), first);
});

test('a commit that was written out before is not written out to be listed, nor for the bytes of one file', async (t) => {
  const here = await world(t);
  const { server, files, sources } = here;
  const repo = makeGitRepository(server.directory, 'app.git');
  repo.commit({
    Dockerfile: 'FROM scratch',
    'sub/f': 'f',
    'crlf.txt': 'a\n',
    '.gitattributes': '*.txt text eol=crlf\n',
  });
  const url = `${server.url}/app.git`;
  const checkouts = () => here.commands.filter((name) => name === 'checkout').length;
  const first = await files(url);
  t.is(checkouts(), 1);
  const again = await files(url);
  t.deepEqual(await again.list(''), await first.list(''));
  t.is(await read(again, 'Dockerfile'), 'FROM scratch');
  t.is(checkouts(), 1);
  t.is(await read(again, 'crlf.txt'), 'a\r\n', 'what attributes change is written out');
  t.is(checkouts(), 2);
  // Two subdirectories and the whole, in one build: one checkout.
  repo.commit({ more: 'm' });
  const build = sources();
  const all = await Promise.all(
    ['', '#:sub', '#main:sub'].map(async (text) => (await build.resolve(parseGitReference(url + text)!)).files()),
  );
  t.deepEqual(await Promise.all(all.map((source) => names(source))), [
    ['.gitattributes', 'Dockerfile', 'crlf.txt', 'more', 'sub'],
    ['f'],
    ['f'],
  ]);
  t.is(checkouts(), 3);
});
