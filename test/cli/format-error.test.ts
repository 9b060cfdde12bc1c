import test from 'ava';
import { formatError } from '../../src/cli/format-error.ts';
import { VarveError } from '../../src/errors.ts';

test("a failed command's last lines are shown once, before the hint", (t) => {
  const error = new VarveError('RUN_FAILED', 'it failed', { output: 'one\ntwo', hint: 'try again' });
  t.is(formatError(error), 'varve: it failed\nthe last that it wrote:\n   | one\n   | two\nhint: try again\n');
  t.is(error.at({ file: 'Dockerfile', start: 1, end: 1 }).output, 'one\ntwo');
});
