// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { createLexer } from '../../src/dockerfile/expand-word.ts';
import { parseIgnoreFile } from '../../src/dockerfile/ignore-file.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { parseTrigger } from '../../src/dockerfile/parse-trigger.ts';
import { createPatternMatcher } from '../../src/dockerfile/pattern-matcher.ts';
import { VarveError } from '../../src/errors.ts';
import { checkText } from '../build/support/check-text.ts';
import { findCorpora } from '../support/corpora.ts';

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

/** A file with pieces cut out, doubled, or put in. */
const mutate = (sample: string, most: number) =>
  fc
    .array(fc.tuple(fc.nat(sample.length), fc.nat(30), fc.constantFrom('', ...TOKENS), fc.boolean()), {
      minLength: 1,
      maxLength: most,
    })
    .map((edits) => {
      let text = sample;
      for (const [at, length, token, doubles] of edits) {
        text = text.slice(0, at) + token + text.slice(doubles ? at : at + length);
      }
      return Buffer.from(text);
    });

const mutated = mutate(SAMPLE, 6);

/** Words that are expanded, flags and mounts that are read when an instruction's turn comes. */
const CHECKED = `ARG V=1
FROM --platform=$BUILDPLATFORM base:\${V%x} AS build
ARG W=\${V:-2} U
ENV a=$W b=\${U:+x} c="\${a//./-}"
WORKDIR \${a:-/w}
RUN --mount=type=cache,target=/c,mode=0700,id=$a --mount=type=secret,id=s,required=true true
EXPOSE \${W}0-90/tcp 53/udp
VOLUME /\${b}/v
STOPSIGNAL SIGTERM
USER \${a:?}
FROM build
COPY --from=build --chmod=u=rw /\${W#2} <<E /d/
$a \${b:-c}
E
LABEL $a=$b
`;

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

test('a file that parses is checked, or refused with a place', async (t) => {
  const outcomes = { checked: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(mutate(CHECKED, 3), async (bytes) => {
      const { error } = await checkText([Buffer.from(bytes).toString('utf8')]);
      outcomes[error === undefined ? 'checked' : 'refused']++;
      if (error !== undefined && error.location === undefined) throw error;
    }),
    { seed: 6, numRuns: 800 },
  );
  t.true(outcomes.checked > 20 && outcomes.refused > 50, JSON.stringify(outcomes));
});

test('real files with pieces of each other are parsed or refused with a place', (t) => {
  const corpora = findCorpora();
  const files = realFiles(corpora);
  t.true(files.length > 0);
  const pieces = fc.array(fc.tuple(fc.constantFrom(...files), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(80)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.constantFrom(...files), pieces, fc.nat(), (file, parts, at) => {
      let bytes = file;
      for (const [other, from, length] of parts) {
        const cut = at % (bytes.length + 1);
        const start = Math.floor(from * other.length);
        bytes = Buffer.concat([bytes.subarray(0, cut), other.subarray(start, start + length), bytes.subarray(cut)]);
      }
      onlyLocatedRefusals(t, 'f', () => parseDockerfile(bytes, 'f'));
    }),
    { seed: 7, numRuns: 500 },
  );
});

/** The Dockerfiles of the repository's examples, and of the corpora where these are. */
function realFiles(corpora: string | undefined): Buffer[] {
  const roots = [join(import.meta.dirname, '../../examples'), ...(corpora === undefined ? [] : [corpora])];
  return roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => basename(path) === 'Dockerfile')
      .map((path) => readFileSync(join(root, path))),
  );
}

test('any trigger is parsed or refused at the place of its FROM', (t) => {
  const location = { file: 'f', start: 3, end: 4 };
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.oneof(soup, anyBytes), (bytes) => {
        onlyLocatedRefusals(t, 'f', () => parseTrigger(Buffer.from(bytes).toString('utf8'), location));
      }),
      { seed: 2, numRuns: 500 },
    ),
  );
});

test('an instruction nested without end', (t) => {
  for (const text of [
    `FROM a\n${'ONBUILD '.repeat(8000)}`,
    `FROM a\nRUN ${'['.repeat(60_000)}`,
    `FROM a\nRUN <<${'${a:-'.repeat(9000)}`,
  ]) {
    t.notThrows(() => onlyLocatedRefusals(t, 'f', () => parseDockerfile(Buffer.from(text), 'f')));
  }
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
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const plain = text.replaceAll(/[$"'\\]/g, '');
        return createLexer('\\').word(plain, new Map()).value === plain;
      }),
      { seed: 4, numRuns: 500 },
    ),
  );
});

test('any ignore file gives a matcher or a refusal', (t) => {
  t.notThrows(() =>
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
    ),
  );
});
