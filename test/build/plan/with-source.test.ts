import test from 'ava';
import { withSource } from '../../../src/build/plan/with-source.ts';
import { VarveError } from '../../../src/errors.ts';
import { buildBench } from '../support/build-bench.ts';
import { checkText } from '../support/check-text.ts';

const loaded = { path: 'Dockerfile', bytes: Buffer.from('FROM a\n') };

test('only an error about that file gets its text', (t) => {
  const at = (file: string) => new VarveError('X', 'x').at({ file, start: 1, end: 1 });
  t.like(withSource(at('Dockerfile'), loaded), { source: 'FROM a\n', code: 'X' });
  t.like(withSource(at('other'), loaded), { source: undefined });
  const plain = new Error('x');
  t.is(withSource(plain, loaded), plain);
  const nowhere = new VarveError('X', 'x');
  t.is(withSource(nowhere, loaded), nowhere);
});

test('a Dockerfile that is on no disk: its syntax, its plan, its steps', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', {});
  for (const [text, code] of [
    ['FROM scratch\nRUNN x\n', 'DOCKERFILE_SYNTAX'],
    ['FROM $NOTHING\n', 'DOCKERFILE_VALUE'],
    ['FROM scratch\nEXPOSE 70000\n', undefined],
    ['FROM scratch\nCOPY absent /\n', undefined],
  ] as const) {
    const dockerfile = { kind: 'given', path: '-', bytes: Buffer.from(text) } as const;
    const error = await t.throwsAsync(bench.build('', context, { dockerfile }), { name: 'VarveError' });
    t.like(error, { source: text, location: { file: '-' }, ...(code ? { code } : {}) }, text);
  }
  const inContext = bench.directory('other', { Dockerfile: 'FROM scratch\nCOPY absent /\n' });
  const error = await t.throwsAsync(bench.build('', inContext, { dockerfile: { kind: 'context' } }));
  t.like(error, { source: 'FROM scratch\nCOPY absent /\n' });
});

test('a check', async (t) => {
  const { error } = await checkText(['FROM scratch', 'EXPOSE 70000']);
  t.is(error?.source?.trim(), 'FROM scratch\nEXPOSE 70000');
});
