import test from 'ava';
import { DirectiveReader, detectSyntax, findDirective, frontendOf } from '../../src/dockerfile/directives.ts';
import { chompHeredoc, heredocMarks, parseHeredocMark } from '../../src/dockerfile/heredoc.ts';
import { parseJsonForm } from '../../src/dockerfile/json-form.ts';
import { parseNameValues, splitWords } from '../../src/dockerfile/name-values.ts';
import type { DockerfileNode, NodeHeredoc } from '../../src/dockerfile/node.ts';
import { parseNodes } from '../../src/dockerfile/parse-nodes.ts';
import { difference, eachCase, failure, readCorpusFile } from './support/corpus.ts';
import { dumpNode } from './support/dump-node.ts';

const FILE = 'dockerfile-parser/parser.json';

type Expected<T> = T & { readonly error?: string | true };

test('heredocs of a file', (t) => {
  for (const group of ['heredoc-extract', 'heredoc-json-form']) {
    eachCase<{ input: string; expect: { child: number; heredocs: unknown }[] }>(t, FILE, group, ({ input, expect }) => {
      const { nodes } = parseNodes(Buffer.from(input), 'f');
      return difference(
        expect.map(({ child }) => ({ child, heredocs: nodes[child]?.heredocs.map(recorded) })),
        expect,
      );
    });
  }
});

test('leading tabs of a heredoc', (t) => {
  eachCase<{ input: string; expect: string }>(t, FILE, 'heredoc-chomp', ({ input, expect }) =>
    difference(chompHeredoc(input), expect),
  );
});

test('words that begin heredocs', (t) => {
  type Case = {
    input: string;
    expect: { kind: string; name?: string };
    recorded?: { heredoc?: unknown; error?: string };
  };
  eachCase<Case>(t, FILE, 'heredoc-word', ({ input, expect, recorded: also }) => {
    if (expect.kind === 'error') return failure(() => parseHeredocMark(input), also?.error ?? true);
    const mark = parseHeredocMark(input);
    if (expect.kind === 'none') return difference(mark, undefined);
    return difference(mark && recorded({ ...mark, content: '' }), also?.heredoc);
  });
});

test('heredocs of a line', (t) => {
  // One case carries a mismatch between upstream's table and its code: what the code does is in `recorded`.
  type Case = {
    input: string;
    expect: { names: string[] };
    recorded: { heredocs: unknown };
    upstreamMismatch?: string;
  };
  eachCase<Case>(t, FILE, 'heredocs-from-line', ({ input, expect, recorded: also, upstreamMismatch }) => {
    const marks = heredocMarks(input);
    const names = upstreamMismatch
      ? undefined
      : difference(
          marks.map(({ name }) => name),
          expect.names,
        );
    return (
      names ??
      difference(
        marks.map((mark) => recorded({ ...mark, content: '' })),
        also.heredocs,
      )
    );
  });
});

test('directives', (t) => {
  eachCase<{ input: string; expect: { name: string; value: string }[] }>(
    t,
    FILE,
    'directives-all',
    ({ input, expect }) => {
      const reader = new DirectiveReader();
      const found = input.split('\n').flatMap((line) => reader.read(line) ?? []);
      return difference(
        found.map(({ name, value }) => ({ name, value })),
        expect,
      );
    },
  );
});

test('one directive', (t) => {
  type Found = { found: boolean; value: string; cmdline: string; lines: [number, number] | null };
  const shown = (directive: { value: string; line: number } | undefined): Found =>
    directive === undefined
      ? { found: false, value: '', cmdline: '', lines: null }
      : {
          found: true,
          value: frontendOf(directive.value),
          cmdline: directive.value,
          lines: [directive.line, directive.line],
        };
  eachCase<{ input: string; expect: Found }>(t, FILE, 'directive-one', ({ input, expect }) =>
    difference(shown(findDirective(input, 'check')), expect),
  );
  eachCase<{ input: string; expect: Found }>(t, FILE, 'detect-syntax', ({ input, expect }) =>
    difference(shown(detectSyntax(input)), expect),
  );
});

test('exec form', (t) => {
  type Case = { input: string; expect: Expected<{ strings?: string[] }> };
  eachCase<Case>(t, FILE, 'json-array', ({ input, expect }) =>
    expect.error
      ? failure(() => parseJsonForm(input), 'strings only')
      : difference(parseJsonForm(input), expect.strings),
  );
});

test('names and values', (t) => {
  type Case = { instruction: string; input: string; expect: Expected<{ nodes?: string[] }> };
  eachCase<Case>(t, FILE, 'name-val', ({ instruction, input, expect }) => {
    const parse = () => parseNameValues(input, instruction, '\\');
    return expect.error ? failure(parse, expect.error) : difference(parse(), expect.nodes);
  });
  eachCase<{ input: string; expect: string[] }>(t, FILE, 'words', ({ input, expect }) =>
    difference(splitWords(input, '\\'), expect),
  );
});

test('warnings', (t) => {
  type Case = { input: string; recorded: { warnings: { short: string; lines: [number, number] }[] } };
  eachCase<Case>(t, FILE, 'warnings', ({ input, recorded: also }) => {
    const { warnings } = parseNodes(Buffer.from(input), 'f');
    return difference(
      warnings.map(({ message, line }) => [message, line]),
      also.warnings.map(({ short, lines }) => [short, lines[0]]),
    );
  });
});

test('too long a line', (t) => {
  type Case = { input: { prefix: string; repeat: string; times: number; suffix: string }; expect: { error: string } };
  eachCase<Case>(t, FILE, 'line-limit', ({ input: { prefix, repeat, times, suffix }, expect }) =>
    failure(() => parseNodes(Buffer.from(prefix + repeat.repeat(times) + suffix), 'f'), expect.error),
  );
});

test('line numbers', (t) => {
  type Case = { file: string; expect: { lines: [number, number]; children: [number, number][] } };
  eachCase<Case>(t, FILE, 'line-numbers', ({ file, expect }) => {
    const { nodes } = parseNodes(readCorpusFile(t, `dockerfile-parser/${file}`)!, file);
    const all = [nodes[0]?.start, nodes.at(-1)?.end];
    return difference({ lines: all, children: nodes.map(({ start, end }) => [start, end]) }, expect);
  });
});

test('files that must not parse', (t) => {
  eachCase<{ file: string; recorded: { error: string } }>(t, FILE, 'negative', ({ file, recorded: also }) =>
    failure(() => parseNodes(readCorpusFile(t, `dockerfile-parser/${file}`)!, file), also.error),
  );
});

test('syntax trees', (t) => {
  type Case = {
    file: string;
    expect: { dumpFile: string };
    recorded: { children: unknown; warnings: { short: string; loc: [number, number] }[] };
  };
  eachCase<Case>(t, FILE, 'ast', ({ file, expect, recorded: also }) => {
    const { nodes, warnings } = parseNodes(readCorpusFile(t, `dockerfile-parser/${file}`)!, file);
    const dump = nodes.map((node) => `${dumpNode(node)}\n`).join('');
    const wanted = readCorpusFile(t, `dockerfile-parser/${expect.dumpFile}`)!.toString('utf8');
    return (
      difference(dump, wanted) ??
      difference(nodes.map(recordedNode), also.children) ??
      difference(
        warnings.map(({ message, line }) => ({ short: message, loc: [line, line] })),
        also.warnings,
      )
    );
  });
});

function recorded({ fileDescriptor, ...heredoc }: NodeHeredoc): unknown {
  return { ...heredoc, fd: fileDescriptor };
}

/** A node in the shape of the corpus, which leaves empty fields out. */
function recordedNode(node: DockerfileNode): unknown {
  const { name, args, flags, json, heredocs, start, end, original, comments, child } = node;
  return {
    value: name,
    args,
    original,
    ...(flags.length > 0 ? { flags } : {}),
    ...(json ? { attributes: { json } } : {}),
    ...(heredocs.length > 0 ? { heredocs: heredocs.map(recorded) } : {}),
    ...(start > 0 ? { lines: [start, end] } : {}),
    ...(comments.length > 0 ? { prevComment: comments } : {}),
    ...(child === undefined ? {} : { child: recordedNode(child) }),
  };
}
