// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { createLexer } from '../../src/dockerfile/expand-word.ts';
import { parseIgnoreFile } from '../../src/dockerfile/ignore-file.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { parseTrigger } from '../../src/dockerfile/parse-trigger.ts';
import { createPatternMatcher } from '../../src/dockerfile/pattern-matcher.ts';
import { VarveError } from '../../src/errors.ts';

const SAMPLE = `# syntax=docker/dockerfile:1
# escape=\\
ARG V=1
FROM --platform=$BUILDPLATFORM base:\${V} AS build
ENV a="b c" d=\${e:-f} g='h'
RUN --mount=type=cache,target=/x <<-EOF cat \\
  # comment
  && true

	one
	EOF
COPY --from=build --chown=1:2 --exclude=*.o <<A b ["c"] /d/
body $V
A
HEALTHCHECK --interval=5s --retries=3 CMD ["x", "y\\u0000"]
ONBUILD ADD --checksum=sha256:00 a b
ONBUILD COPY <<'X' /y
z
X
SHELL ["sh"]
VOLUME ["/a"] 
EXPOSE 80/tcp
LABEL k v
`;

const TOKENS = [
  'FROM ',
  'RUN ',
  'ONBUILD ',
  'COPY ',
  'ENV ',
  '<<',
  '<<-E',
  '\\',
  '`',
  '"',
  "'",
  '\n',
  '\r\n',
  '\t',
  '${',
  '}',
  '--',
  '=',
  '[',
  ']',
  '#',
  '# escape=`\n',
  '\0',
  '\ufeff',
  '\u2028',
  '😀',
  '\ud800',
];

/** The sample with pieces cut out, doubled, or put in. */
const mutated = fc
  .array(fc.tuple(fc.nat(SAMPLE.length), fc.nat(30), fc.constantFrom('', ...TOKENS), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  })
  .map((edits) => {
    let text = SAMPLE;
    for (const [at, length, token, doubles] of edits) {
      text = text.slice(0, at) + token + text.slice(doubles ? at : at + length);
    }
    return Buffer.from(text);
  });

const anyBytes = fc.uint8Array({ maxLength: 300 });
const soup = fc
  .array(fc.constantFrom(...TOKENS, 'a', ' '), { maxLength: 40 })
  .map((parts) => Buffer.from(parts.join('')));

function onlyLocatedRefusals(t: ExecutionContext, file: string, body: () => unknown): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (!(error instanceof VarveError) || error.location === undefined) throw error;
    t.is(error.location.file, file);
    t.true(error.location.start >= 1 && error.location.end >= error.location.start, error.message);
    return false;
  }
}

test('any bytes are parsed or refused with a place', (t) => {
  const outcomes = { parsed: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(mutated, soup, anyBytes), (bytes) => {
      const lines = Buffer.from(bytes).toString('latin1').split('\n').length;
      const parsed = onlyLocatedRefusals(t, 'f', () => {
        for (const { from, instructions } of parseDockerfile(bytes, 'f').stages) {
          for (const { location } of [from, ...instructions]) {
            t.true(location.start >= 1 && location.end >= location.start && location.end <= lines);
          }
        }
      });
      outcomes[parsed ? 'parsed' : 'refused']++;
    }),
    { seed: 1, numRuns: 1500 },
  );
  t.true(outcomes.parsed > 50 && outcomes.refused > 50, JSON.stringify(outcomes));
});

test('any trigger is parsed or refused at the place of its FROM', (t) => {
  const location = { file: 'f', start: 3, end: 4 };
  fc.assert(
    fc.property(fc.oneof(soup, anyBytes), (bytes) => {
      onlyLocatedRefusals(t, 'f', () => parseTrigger(Buffer.from(bytes).toString('utf8'), location));
    }),
    { seed: 2, numRuns: 500 },
  );
  t.pass();
});

test('an instruction nested without end', (t) => {
  for (const text of [
    `FROM a\n${'ONBUILD '.repeat(8000)}`,
    `FROM a\nRUN ${'['.repeat(60_000)}`,
    `FROM a\nRUN <<${'${a:-'.repeat(9000)}`,
  ]) {
    onlyLocatedRefusals(t, 'f', () => parseDockerfile(Buffer.from(text), 'f'));
  }
  t.pass();
});

test('any word is expanded or refused', (t) => {
  const lexer = createLexer('\\');
  const env = new Map([
    ['a', 'x*y/z'],
    ['b', ''],
  ]);
  const part = fc.constantFrom(
    '$',
    '{',
    '}',
    'a',
    'b',
    'c',
    ':',
    '-',
    '+',
    '?',
    '#',
    '%',
    '/',
    '*',
    '\\',
    '"',
    "'",
    ' ',
    '<<',
    '1',
    '@',
    '😀',
  );
  const outcomes = { expanded: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        const { value } = lexer.word(parts.join(''), env);
        lexer.words(parts.join(''), env);
        t.is(typeof value, 'string');
        outcomes.expanded++;
      } catch (error) {
        if (!(error instanceof VarveError) || error.code !== 'SUBSTITUTION') throw error;
        outcomes.refused++;
      }
    }),
    { seed: 3, numRuns: 3000 },
  );
  t.true(outcomes.expanded > 500 && outcomes.refused > 500, JSON.stringify(outcomes));
});

test('a word without anything special expands to itself', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const plain = text.replaceAll(/[$"'\\]/g, '');
      return createLexer('\\').word(plain, new Map()).value === plain;
    }),
    { seed: 4, numRuns: 500 },
  );
  t.pass();
});

test('any ignore file gives a matcher or a refusal', (t) => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, soup), anyBytes, (bytes, path) => {
      try {
        const matcher = createPatternMatcher(parseIgnoreFile(bytes));
        const one = Buffer.from(path).toString('latin1');
        t.is(typeof matcher.matches(one), 'boolean');
        t.is(typeof matcher.couldContainExceptions(one), 'boolean');
      } catch (error) {
        if (!(error instanceof VarveError) || error.code !== 'PATTERN') throw error;
      }
    }),
    { seed: 5, numRuns: 1000 },
  );
  t.pass();
});
