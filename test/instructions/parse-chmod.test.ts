import test from 'ava';
import { applyChmod, parseChmod } from '../../src/instructions/parse-chmod.ts';

const mode = (text: string, before: number, isDirectory = false) => applyChmod(parseChmod(text), before, isDirectory);

test('an octal mode replaces the mode, special bits included', (t) => {
  t.is(mode('755', 0o644), 0o755);
  t.is(mode('0400', 0o777), 0o400);
  t.is(mode('4711', 0o644), 0o4711);
  t.is(mode('0', 0o755), 0);
  t.is(mode('7777', 0o2), 0o7777);
  t.is(mode('0000000755', 0o2), 0o755);
});

test('what looks like a number must be octal and at most 07777', (t) => {
  for (const text of ['9x9', '64a', '888', '10000', '99999999999999', '7 7']) {
    const error = t.throws(() => parseChmod(text), { code: 'CHMOD_INVALID' });
    t.true(error?.message.includes(`'${text}'`));
    t.true(error?.message.includes('octal'));
  }
});

test('symbols that are none are refused by name', (t) => {
  for (const text of ['u', 'rw', 'u+rw,', ',u+r', 'u+q', 'k=r', '', 'u r', '+r go-w']) {
    const error = t.throws(() => parseChmod(text), { code: 'CHMOD_INVALID' }, text);
    t.true(error?.message.includes(`'${text}'`));
  }
});

test('plus and minus touch only what they name', (t) => {
  t.is(mode('+x', 0o644), 0o755, 'no class means all, without a umask');
  t.is(mode('go-r', 0o755), 0o711);
  t.is(mode('a+w', 0o444), 0o666);
  t.is(mode('u+x,o+x', 0o644), 0o745);
  t.is(mode('ug+x-w', 0o666), 0o556, 'two operators in one clause');
});

test('= sets the named classes and clears the rest of them', (t) => {
  t.is(mode('u=rw,g=r,o=', 0o777), 0o640);
  t.is(mode('a=r', 0o4755), 0o444, 'setuid and setgid belong to their class');
  t.is(mode('=r', 0o1777), 0o1444, 'the sticky bit belongs to none');
  t.is(mode('u=', 0o4755), 0o055);
});

test('X is execute for directories and for what was executable', (t) => {
  t.is(mode('u=rwX,go=rX', 0o600), 0o644);
  t.is(mode('u=rwX,go=rX', 0o700), 0o755, 'somebody could execute it before');
  t.is(mode('u=rwX,go=rX', 0o600, true), 0o755);
  t.is(mode('a-x,a+X', 0o755), 0o755, 'before means before the whole mode string');
});

test('s needs user or group, t needs anything but others', (t) => {
  t.is(mode('u+s,g+s,o+t', 0o644), 0o6644);
  t.is(mode('o+s', 0o644), 0o644);
  t.is(mode('+t', 0o777), 0o1777);
  t.is(mode('u+t', 0o777), 0o1777);
  t.is(mode('a-s', 0o6755), 0o755);
});

test('permissions can be copied from one class to another', (t) => {
  t.is(mode('g=u', 0o640), 0o660);
  t.is(mode('o+g', 0o651), 0o655);
  t.is(mode('go-u', 0o466), 0o422);
  t.is(mode('go=u-w', 0o700), 0o755);
});
