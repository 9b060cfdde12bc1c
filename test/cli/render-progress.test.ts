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
