import test from 'ava';
import { createRedactor, redactUrl } from '../../src/io/redact.ts';

test('hides known secrets, URL-encoded ones too', (t) => {
  const redactor = createRedactor();
  redactor.hide('p@ss/word');
  t.is(redactor.text('user:p@ss/word and p%40ss%2Fword'), 'user:[redacted] and [redacted]');
});

test('a secret inside another one leaves nothing behind', (t) => {
  const redactor = createRedactor();
  redactor.hide('secret');
  redactor.hide('secret-and-more');
  t.is(redactor.text('a secret-and-more b secret'), 'a [redacted] b [redacted]');
});

test('too short secrets don’t blank out messages', (t) => {
  const redactor = createRedactor();
  redactor.hide('a');
  redactor.hide('');
  t.is(redactor.text('banana'), 'banana');
});

test('URLs are shown without user, password and query values', (t) => {
  t.is(redactUrl('https://me:pw@host:1/a?X-Sig=abc&x=1&x=2#f'), 'https://host:1/a?X-Sig=…&x=…');
  t.is(redactUrl('https://host/a'), 'https://host/a');
  t.is(redactUrl('no url'), '[redacted]');
});
