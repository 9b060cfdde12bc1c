import test from 'ava';
import { diffText } from '../../src/cli/diff-text.ts';

test('a difference is a line each; control characters of a hostile image reach no terminal', (t) => {
  const file = { path: '/a\u001b[2J\n', kind: 'file', mode: '0644', owner: '0:0', size: 3 } as const;
  const text = diffText({
    files: [
      { path: file.path, change: 'added', after: file },
      {
        path: '/b',
        change: 'changed',
        fields: ['content', 'owner'],
        before: file,
        after: { ...file, size: 4, owner: '1:1' },
      },
    ],
    config: [{ key: 'Cmd', before: ['a'], after: ['b'] }],
  });
  t.is(text, 'A /a\\x1b[2J\\x0a\nC /b (content 3 -> 4 bytes, owner 0:0 -> 1:1)\nconfig Cmd: ["a"] -> ["b"]\n');
  t.is(diffText({ files: [], config: [] }), '');
});
