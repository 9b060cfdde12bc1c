import test from 'ava';
import { StderrGate } from '../../src/sandbox/stderr-gate.ts';

function open(): { gate: StderrGate; seen: string[] } {
  const seen: string[] = [];
  return { gate: new StderrGate(['launcher: ', 'other: '], (chunk) => seen.push(`${chunk}`)), seen };
}

test("the command's own words pass at once", (t) => {
  const { gate, seen } = open();
  gate.write(Buffer.from('l'));
  t.deepEqual(seen, []);
  gate.write(Buffer.from('s: no such file\n'));
  gate.write(Buffer.from('launcher: x'));
  t.deepEqual(seen, ['ls: no such file\n', 'launcher: x']);
  t.is(gate.message(), undefined);
});

test("the launcher's message is held, in however many pieces", (t) => {
  const { gate, seen } = open();
  for (const piece of ['launch', 'er: failed to ', 'execute\n']) gate.write(Buffer.from(piece));
  t.deepEqual(seen, []);
  t.is(gate.message(), 'launcher: failed to execute');
  gate.release();
  t.deepEqual(seen, ['launcher: failed to execute\n']);
});

test("half a prefix is the command's, and too much cannot be the launcher's", (t) => {
  const half = open();
  half.gate.write(Buffer.from('launch'));
  t.is(half.gate.message(), undefined);
  half.gate.release();
  t.deepEqual(half.seen, ['launch']);
  const long = open();
  long.gate.write(Buffer.from(`launcher: ${'x'.repeat(9000)}`));
  t.is(long.seen.length, 1);
});
