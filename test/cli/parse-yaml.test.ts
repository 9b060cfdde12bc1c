import test from 'ava';
import * as z from 'zod';
import { parseYaml } from '../../src/cli/parse-yaml.ts';
import { VarveError } from '../../src/errors.ts';

const schema = z.strictObject({
  name: z.string(),
  edits: z.array(z.strictObject({ file: z.string(), times: z.number().optional() })).optional(),
});

test('what the schema has comes back', (t) => {
  t.deepEqual(parseYaml('name: a\nedits:\n  - file: x\n', 'f.yaml', schema), { name: 'a', edits: [{ file: 'x' }] });
});

/** A text, what is said of it, and at which line. */
const WRONG: readonly (readonly [text: string, message: RegExp, line: number])[] = [
  ['name: 3\n', /^name: /, 1],
  ['# nothing\n', /^name: /, 1],
  ['name: a\nedits:\n  - file: x\n  - file: [1]\n', /^edits\.1\.file: /, 4],
  ['name: a\nedits:\n  - file: x\n  - times: 1\n', /^edits\.1\.file: /, 4],
  ['name: a\nedits:\n  - file: x\n    tmies: 1\n', /^edits\.0\.tmies: there is no such key/, 4],
  ['name: a\n\nother: 1\n', /^other: there is no such key/, 3],
  ['name: a\nname: b\n', /unique/, 2],
  ['name: a\nedits: [\n', /./, 3],
  ['- a\n', /expected object/, 1],
];

for (const [text, message, line] of WRONG) {
  test(`${JSON.stringify(text)} is refused at line ${line}`, (t) => {
    const error = t.throws(() => parseYaml(text, 'f.yaml', schema), { instanceOf: VarveError, code: 'YAML_INVALID' });
    t.regex(error.message, message);
    t.like(error.location, { file: 'f.yaml', start: line });
    t.is(error.source, text);
  });
}
