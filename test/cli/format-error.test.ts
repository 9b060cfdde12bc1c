import test from 'ava';
import { formatError } from '../../src/cli/format-error.ts';
import { VarveError } from '../../src/errors.ts';

test("a failed command's last lines are shown once, before the hint", (t) => {
  const error = new VarveError('RUN_FAILED', 'it failed', { output: 'one\ntwo', hint: 'try again' });
  t.is(formatError(error), 'varve: it failed\nthe last that it wrote:\n   | one\n   | two\nhint: try again\n');
  t.is(error.at({ file: 'Dockerfile', start: 1, end: 1 }).output, 'one\ntwo');
});

test('lines are shown of the text that the error brings, whatever lies at its path', (t) => {
  const error = new VarveError('X', 'it is wrong', { location: { file: 'package.json', start: 2, end: 2 } });
  t.is(formatError(error), 'varve: package.json:2: it is wrong\n');
  t.is(
    formatError(error.withSource('FROM a\nRUN b\n')),
    'varve: package.json:2: it is wrong\npackage.json:2\n--------------------\n' +
      '   1 |     FROM a\n   2 | >>> RUN b\n   3 |     \n--------------------\n',
  );
  t.is(error.withSource('first').withSource('second').source, 'first');
  t.is(error.withSource('first').prefixed('x').source, 'first');
});
