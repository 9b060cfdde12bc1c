import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { bucketAccess } from '../../src/cli/bucket-access.ts';
import { readContextArgument } from '../../src/cli/context-argument.ts';
import { makeTar } from '../fixtures/make-tar.ts';

const buckets = bucketAccess({}, new AbortController().signal);

async function* stream(...chunks: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

function directory(t: ExecutionContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'varve-argument-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

const read = async (text: string, file?: string, ...input: (string | Buffer)[]) => {
  const { context, dockerfile } = await readContextArgument(text, file, { stdin: stream(...input), buckets });
  const shown = dockerfile.kind === 'given' ? Buffer.from(dockerfile.bytes).toString() : dockerfile;
  return [context.kind, shown] as const;
};

test('a directory, with its Dockerfile, another one, or one from stdin', async (t) => {
  const path = directory(t, { Dockerfile: 'own', other: 'other' });
  t.deepEqual(await read(path), ['directory', 'own']);
  t.deepEqual(await read(path, join(path, 'other')), ['directory', 'other']);
  t.deepEqual(await read(path, '-', 'st', 'din'), ['directory', 'stdin']);
  t.deepEqual(await read(path, 'https://h/D'), ['directory', { kind: 'url', url: 'https://h/D' }]);
  t.deepEqual(await read(directory(t, { dockerfile: 'lower' })), ['directory', 'lower']);
  await t.throwsAsync(read(directory(t, {})), { code: 'DOCKERFILE_MISSING' });
});

test('a directory that is there goes before what its name looks like', async (t) => {
  const path = directory(t, {});
  const like = join(path, 'a@b:c.git');
  mkdirSync(like);
  writeFileSync(join(like, 'Dockerfile'), 'd');
  t.deepEqual(await read(like), ['directory', 'd']);
});

test('repositories and URLs have their Dockerfile in them, unless it is given', async (t) => {
  t.deepEqual(await read('https://h/a.git'), ['git', { kind: 'context' }]);
  t.deepEqual(await read('github.com/a/b', 'sub/D'), ['git', { kind: 'context', path: 'sub/D' }]);
  t.deepEqual(await read('https://h/a.tar', '-', 'stdin'), ['http', 'stdin']);
  const path = directory(t, { D: 'local' });
  t.deepEqual(await read('git@h:a.git', join(path, 'D')), ['git', 'local']);
  await t.throwsAsync(read('https://h/a.git?what=1'), { code: 'GIT_REFERENCE' });
});

test('stdin is an archive, or a Dockerfile without files', async (t) => {
  const tar = makeTar([{ name: 'Dockerfile', content: 'x' }]);
  t.deepEqual(await read('-', undefined, tar.subarray(0, 100), tar.subarray(100)), ['archive', { kind: 'context' }]);
  t.deepEqual(await read('-', 'D', Buffer.from([0x1f, 0x8b, 8, 0])), ['archive', { kind: 'context', path: 'D' }]);
  t.deepEqual(await read('-', undefined, 'FROM ', 'scratch'), ['empty', 'FROM scratch']);
  const { context } = await readContextArgument('-', undefined, {
    stdin: stream(tar.subarray(0, 700), tar.subarray(700)),
    buckets,
  });
  const chunks: Uint8Array[] = [];
  if (context.kind === 'archive') for await (const chunk of context.open()) chunks.push(chunk);
  t.true(Buffer.concat(chunks).equals(tar), 'nothing of the stream is lost');
  await t.throwsAsync(read('-', '-', 'x'), { code: 'USAGE', message: /both build context and dockerfile/ });
  await t.throwsAsync(read('-', 'D', 'FROM scratch'), { code: 'USAGE', message: /ambiguous/ });
  await t.throwsAsync(read('-'), { code: 'USAGE', message: /empty/ });
});

test('what is nothing of that is no context', async (t) => {
  const file = join(directory(t, { f: 'x' }), 'f');
  await t.throwsAsync(read(file), { code: 'CONTEXT_MISSING' });
  await t.throwsAsync(read('/nowhere/at/all'), { code: 'CONTEXT_MISSING' });
  await t.throwsAsync(read(''), { code: 'USAGE' });
});
