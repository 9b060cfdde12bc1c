import test from 'ava';
import { commandOf } from '../../src/dockerfile/arguments.ts';
import type { Instruction } from '../../src/dockerfile/ast.ts';
import { type Flags, type FlagType, parseFlags } from '../../src/dockerfile/instruction-flags.ts';
import type { DockerfileNode } from '../../src/dockerfile/node.ts';
import { parseDevice } from '../../src/dockerfile/parse-device.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { intervalOf } from '../../src/dockerfile/parse-healthcheck.ts';
import { parseInstruction } from '../../src/dockerfile/parse-instruction.ts';
import { parseNodes } from '../../src/dockerfile/parse-nodes.ts';
import { difference, eachCase, failure } from './support/corpus.ts';

const FILE = 'instructions.json';

function firstOf(dockerfile: string): { node: DockerfileNode; instruction: Instruction } {
  const node = parseNodes(Buffer.from(dockerfile), 'f').nodes[0]!;
  return { node, instruction: parseInstruction(node, 'f') };
}

test('one instruction', (t) => {
  type Case = { dockerfile: string; expect: { error?: string; type?: string; test?: string[]; flagsUsed?: string[] } };
  eachCase<Case>(t, FILE, 'instruction', ({ dockerfile, expect }) => {
    if (expect.error !== undefined) return failure(() => firstOf(dockerfile), expect.error);
    const { node, instruction } = firstOf(dockerfile);
    const used = node.flags.map((flag) => flag.replace(/^--|=.*/g, ''));
    return difference(
      {
        type: instruction.kind.toUpperCase(),
        ...(instruction.kind === 'healthcheck' ? { test: instruction.test } : {}),
        ...(expect.flagsUsed === undefined ? {} : { flagsUsed: used }),
      },
      expect,
    );
  });
});

test('heredocs of COPY', (t) => {
  type Case = { dockerfile: string; expect: { dest: string; sources: string[]; inline: unknown[] } };
  eachCase<Case>(t, FILE, 'copy-heredoc', ({ dockerfile, expect }) => {
    const { instruction } = firstOf(dockerfile);
    if (instruction.kind !== 'copy') return instruction.kind;
    const { dest, sources, heredocs } = instruction;
    const inline = heredocs.map(({ name, content, expand }) => ({ path: name, data: content, expand }));
    return difference({ dest, sources, inline }, expect);
  });
});

test('heredocs of RUN', (t) => {
  type Case = { dockerfile: string; expect: { shellForm: boolean; cmdLine: string[]; files: unknown[] } };
  eachCase<Case>(t, FILE, 'run-heredoc', ({ dockerfile, expect }) => {
    const { node, instruction } = firstOf(dockerfile);
    if (instruction.kind !== 'run') return instruction.kind;
    const { command } = instruction;
    return difference(
      {
        shellForm: command.form === 'shell',
        cmdLine: command.form === 'shell' ? [command.script] : command.argv,
        files: node.heredocs.map(({ name, content, chomp }) => ({ name, data: content, chomp })),
      },
      expect,
    );
  });
});

test('nodes that no text gives', (t) => {
  eachCase<{ instruction: string; nodes: string[]; expect: { error: string } }>(
    t,
    FILE,
    'nodes',
    ({ instruction, nodes, expect }) => {
      const rest = { flags: [], json: false, original: '', heredocs: [], start: 1, end: 1, comments: [] };
      return failure(() => parseInstruction({ name: instruction, args: nodes, ...rest }, 'f'), expect.error);
    },
  );
});

test('durations of HEALTHCHECK', (t) => {
  type Case = { flag: string; value: string; expect: { errorContains?: string }; recorded: { ns?: number } };
  eachCase<Case>(t, FILE, 'duration-flag', ({ flag, value, expect, recorded }) => {
    const read = () => intervalOf(parseFlags([`--${flag}=${value}`], { [flag]: 'string' }), flag);
    return expect.errorContains ? failure(read, expect.errorContains) : difference(read(), recorded.ns);
  });
});

test('flags', (t) => {
  type Declared = Record<string, { type: FlagType; default: unknown }>;
  type Case = {
    args: string[];
    flags: Declared;
    expect: { error?: true; values?: object; used?: string[] };
    recorded?: { error: string };
  };
  eachCase<Case>(t, FILE, 'flags', ({ args, flags: declared, expect, recorded }) => {
    const known = Object.fromEntries(Object.entries(declared).map(([name, { type }]) => [name, type]));
    if (expect.error) return failure(() => parseFlags(args, known), recorded?.error ?? true);
    const flags = parseFlags(args, known);
    const values = Object.entries(declared).map(([name, one]) => [name, given(flags, name, one.type) ?? one.default]);
    return difference({ values: Object.fromEntries(values), used: flags.used }, expect);
  });
});

function given(flags: Flags, name: string, type: FlagType): unknown {
  return type === 'bool' ? flags.bool(name) : flags.string(name);
}

test('devices', (t) => {
  type Case = { input: string; expect: { error?: string } };
  eachCase<Case>(t, FILE, 'device', ({ input, expect }) =>
    expect.error === undefined
      ? difference(parseDevice(input), expect)
      : failure(() => parseDevice(input), expect.error),
  );
});

test('words of commands', (t) => {
  // Of no word at all the tree makes an empty script, which is what the shell is given in the end.
  eachCase<{ args: string[]; json: boolean; expect: string[] }>(t, FILE, 'json-args', ({ args, json, expect }) => {
    const command = commandOf(args, json);
    return difference(command.form === 'exec' ? command.argv : [command.script].filter(Boolean), expect);
  });
});

test('descriptions in comments', (t) => {
  type Arg = { key: string; value: string | null; doc: string };
  type Case = { dockerfile: string; expect: { globalArgs: Arg[]; stage: object; stageArgs: Arg[][] } };
  eachCase<Case>(t, FILE, 'doc-comments', ({ dockerfile, expect }) => {
    const { globals, stages } = parseDockerfile(Buffer.from(dockerfile), 'f');
    const args = (instruction: Instruction) =>
      instruction.kind === 'arg'
        ? instruction.args.map(({ key, value, doc }) => ({ key, value: value ?? null, doc: doc ?? '' }))
        : [];
    const stage = stages[0]!;
    return difference(
      {
        globalArgs: globals.flatMap(args),
        stage: { base: stage.from.image, name: stage.name, doc: stage.from.doc ?? '' },
        stageArgs: stage.instructions.map(args),
      },
      expect,
    );
  });
});

test('what is accepted and what is refused', (t) => {
  type Case = { dockerfile: string; recorded: { error?: string; stages?: number; commands?: string[] } };
  eachCase<Case>(t, FILE, 'no-crash', ({ dockerfile, recorded }) => {
    const read = () => parseDockerfile(Buffer.from(dockerfile), 'f');
    if (recorded.error !== undefined) return failure(read, recorded.error.replace(/^dockerfile parse error.*?: /, ''));
    // BuildKit stores any text as a trigger and lets the child image fail. varve says so where it is written.
    if (/\nonbuild /.test(dockerfile)) return failure(read, 'unknown instruction');
    const { stages } = read();
    const commands = stages.flatMap(({ instructions }) => instructions.map(({ kind }) => kind));
    return difference({ stages: stages.length, commands }, recorded);
  });
});
