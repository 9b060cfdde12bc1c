import test from 'ava';
import { textTable } from '../../src/cli/text-table.ts';

test('cells below one another, the last one as it is', (t) => {
  t.is(
    textTable(
      [
        ['NAME', 'VALUE', 'X'],
        ['longer', '', 'y'],
      ],
      [],
      3,
    ),
    'NAME     VALUE   X\nlonger           y\n',
  );
  t.is(textTable([]), '');
});
