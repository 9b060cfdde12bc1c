import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { applyEdit } from '../../../src/cli/bench/apply-edit.ts';
import type { Action } from '../../../src/cli/bench/script-schema.ts';

function files() {
  const temp = temporaryDirectory('varve-edit');
  const root = join(temp.path, 'root');
  mkdirSync(join(root, 'dir'), { recursive: true });
  writeFileSync(join(root, 'a'), 'one\ntwo\nthree\n');
  writeFileSync(join(root, 'Dockerfile.x'), 'FROM a\n');
  const buildArgs = new Map<string, string>();
  return {
    outside: temp.path,
    root,
    buildArgs,
    read: (name: string): string => readFileSync(join(root, name), 'utf8'),
    edit: (...actions: Action[]) => applyEdit('it', actions, { root, dockerfile: 'Dockerfile.x', n: 3, buildArgs }),
    [Symbol.dispose]: () => temp[Symbol.dispose](),
  };
}

test('each change does what it says', (t) => {
  using f = files();
  f.edit({ write: { file: 'new/b', text: 'é{n}' } }, { append: { file: 'new/b', text: '+{n}' } });
  t.is(f.read('new/b'), 'é3+3');
  f.edit({ replace: { file: 'new/b', find: 'é3', with: '$&ü' } });
  t.is(f.read('new/b'), '$&ü+3');
  f.edit({ replace: { file: 'a', pattern: '^t(wo)$', with: '{n}$1' } });
  t.is(f.read('a'), 'one\n3wo\nthree\n');
  f.edit({ swap: { file: 'a', lines: ['one', 'three'] } });
  t.is(f.read('a'), 'three\n3wo\none\n');
  f.edit({ copy: { from: 'new', to: 'copied' } }, { rename: { from: 'a', to: 'dir/a' } }, { remove: 'new' });
  t.is(f.read('copied/b'), '$&ü+3');
  t.is(f.read('dir/a'), 'three\n3wo\none\n');
  t.false(existsSync(join(f.root, 'new')) || existsSync(join(f.root, 'a')));
  f.edit({ replace: { file: '{dockerfile}', find: 'FROM a', with: 'FROM b' } }, { set: { V: 'v{n}' } });
  t.is(f.read('Dockerfile.x'), 'FROM b\n');
  t.deepEqual([...f.buildArgs], [['V', 'v3']]);
  utimesSync(join(f.root, 'dir/a'), 1, 1);
  f.edit({ touch: 'dir/a' });
  t.true(lstatSync(join(f.root, 'dir/a')).mtimeMs > 1000);
});

test('what is not there is said', (t) => {
  using f = files();
  t.throws(() => f.edit({ touch: 'no' }), { message: 'edit it, touch: there is no no' });
  t.throws(() => f.edit({ remove: 'no' }), { message: /there is no no/ });
  t.throws(() => f.edit({ replace: { file: 'a', find: 'four', with: '' } }), {
    message: /the text is not there: four/,
  });
  t.throws(() => f.edit({ replace: { file: 'a', pattern: '^x', with: '' } }), { message: /nothing matches \^x/ });
  t.throws(() => f.edit({ swap: { file: 'a', lines: ['one', 'no'] } }), { message: /the line is not there: no/ });
});

test('nothing outside is read or written, whatever links say', (t) => {
  using f = files();
  writeFileSync(join(f.outside, 'secret'), 's');
  symlinkSync('../secret', join(f.root, 'out'));
  symlinkSync('..', join(f.root, 'up'));
  symlinkSync('../made', join(f.root, 'dangling'));
  const refused = { code: 'BENCH_EDIT' };
  t.throws(() => f.edit({ append: { file: 'out', text: 'x' } }), refused);
  t.throws(() => f.edit({ write: { file: 'up/x', text: 'x' } }), refused);
  t.throws(() => f.edit({ write: { file: 'dangling', text: 'x' } }), refused);
  t.throws(() => f.edit({ remove: 'up/secret' }), refused);
  t.throws(() => f.edit({ rename: { from: 'a', to: 'up/a' } }), refused);
  t.is(readFileSync(join(f.outside, 'secret'), 'utf8'), 's');
  t.false(existsSync(join(f.outside, 'x')) || existsSync(join(f.outside, 'made')));
  // The link itself is the context's own.
  f.edit({ remove: 'out' });
  t.is(readFileSync(join(f.outside, 'secret'), 'utf8'), 's');
});
