import { Writable } from 'node:stream';
import test from 'ava';
import { renderProgress } from '../../src/cli/render-progress.ts';

test('lines that come in pieces, and bytes that are no text', (t) => {
  const chunks: Buffer[] = [];
  const out = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  const progress = renderProgress('plain', out);
  const log = (bytes: string, stream: 'stdout' | 'stderr' = 'stdout'): void =>
    progress({ type: 'step-log', id: 'a', stream, data: Buffer.from(bytes, 'latin1'), time: 0 });
  log('caf\xc3');
  log('err\n', 'stderr');
  log('\xa9\n\xff\xfe\n\nend');
  progress({ type: 'step-end', id: 'a', status: 'done', durationMs: 0, time: 0 });
  t.is(Buffer.concat(chunks).toString('latin1'), '#1 err\n#1 caf\xc3\xa9\n#1 \xff\xfe\n#1 \n#1 end\n#1 DONE 0.00s\n');
});

test('as JSON no character is cut where chunks are', (t) => {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const progress = renderProgress('json', out);
  const log = (bytes: string, stream: 'stdout' | 'stderr' = 'stdout', id = 'a'): void =>
    progress({ type: 'step-log', id, stream, data: Buffer.from(bytes, 'latin1'), time: 0 });
  log('caf\xc3');
  log('\xe2', 'stderr');
  log('\xa9\n');
  log('\x82', 'stderr');
  log('\xac', 'stderr');
  log('x\xc3', 'stdout', 'b');
  log('\xf0\x9f');
  progress({ type: 'step-end', id: 'a', status: 'done', durationMs: 0, time: 0 });
  const events = lines.map((line) => JSON.parse(line));
  t.deepEqual(
    events.map(({ id, type, stream, data }) => [id, type, stream, data].filter(Boolean).join(' ')),
    [
      'a step-log stdout caf',
      'a step-log stdout é\n',
      'a step-log stderr €',
      'b step-log stdout x',
      'a step-log stdout \ufffd',
      'a step-end',
    ],
  );
  t.true(events.every(({ time }) => time === '1970-01-01T00:00:00.000Z'));
});
