import test from 'ava';
import { parseCall } from '../../src/cli/parse-call.ts';
import { refusal } from '../dockerfile/support/parse.ts';

test('methods, formats and the status', (t) => {
  t.deepEqual(parseCall('build'), { method: 'build', format: 'text', ignoreStatus: false });
  t.deepEqual(parseCall('lint'), { method: 'check', format: 'text', ignoreStatus: false });
  t.deepEqual(parseCall('format=json,outline'), { method: 'outline', format: 'json', ignoreStatus: false });
  t.deepEqual(parseCall('check,ignorestatus=1,format=json'), { method: 'check', format: 'json', ignoreStatus: true });
});

test('anything else is refused by name', (t) => {
  for (const [text, words] of [
    ['chek', /not "chek" \(did you mean check\?\)/],
    ['check,outline', /two methods, check and outline/],
    ['check,format=yaml', /text or json, not "yaml"/],
    ['check,ignorestatus=perhaps', /true or false/],
    ['check,colour=red', /"colour=red" is none of/],
  ] as const) {
    const { message, exitCode } = refusal(() => parseCall(text));
    t.regex(message, words);
    t.is(exitCode, 2);
  }
});
