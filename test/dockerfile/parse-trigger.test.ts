import test from 'ava';
import { parseTrigger } from '../../src/dockerfile/parse-trigger.ts';
import { first, refusal } from './support/parse.ts';

const location = { file: 'Dockerfile', start: 7, end: 7 };

test('a trigger is an instruction at the place of what runs it', (t) => {
  t.like(parseTrigger('copy --chown=1 a /b', location), { kind: 'copy', sources: ['a'], chown: '1', location });
});

test('what ONBUILD stores can be parsed again, heredocs included', (t) => {
  const { trigger } = first('onbuild', 'onbuild  COPY <<-A <<"B" /d/', '\tone', '\tA', 'two', 'B');
  t.is(trigger, 'COPY <<-A <<"B" /d/\n\tone\nA\ntwo\nB');
  const copy = parseTrigger(trigger, location);
  t.like(copy, { kind: 'copy', heredocs: [{ content: 'one\n' }, { content: 'two\n', expand: false }] });
});

test('what is no trigger', (t) => {
  const cases: [string, RegExp][] = [
    ['FROM x', /FROM isn't allowed/],
    ['maintainer x', /MAINTAINER isn't allowed/],
    ['ONBUILD RUN x', /Chaining ONBUILD/],
    ['RUN a\nRUN b', /single instruction/],
    ['', /no instructions/],
    ['NONSENSE x', /unknown instruction: NONSENSE/],
    ['RUN <<A\nx', /unterminated/],
  ];
  for (const [text, message] of cases) {
    const error = refusal(() => parseTrigger(text, location));
    t.regex(error.message, message);
    t.true(error.message.includes(JSON.stringify(text)));
    t.deepEqual(error.location, location);
  }
});
