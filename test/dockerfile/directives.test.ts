import test from 'ava';
import { parse, refusal } from './support/parse.ts';

test('the official frontend in any version is built in', (t) => {
  for (const name of [
    'docker/dockerfile',
    'docker/dockerfile:1',
    'docker/dockerfile:1.20-labs',
    'docker.io/docker/dockerfile:1@sha256:00',
    'docker/dockerfile-upstream:master',
  ]) {
    t.is(parse(`# syntax=${name}`, 'FROM scratch').directives.syntax, name);
  }
});

test('any other frontend is refused by name, in every form', (t) => {
  const other = 'example.com/frontend:2';
  for (const [text, line] of [
    [`# syntax=${other}\nFROM scratch`, 1],
    [`#!/usr/bin/env x\n# SYNTAX = ${other} with words\nFROM scratch`, 2],
    [`// syntax=${other}\n`, 1],
    [`{"syntax": "${other}"}`, 1],
    ['# syntax=docker/dockerfiles\n', 1],
    ['# syntax=evil/docker/dockerfile:1\n', 1],
  ] as const) {
    const error = refusal(() => parse(text));
    t.is(error.code, 'DOCKERFILE_FRONTEND');
    t.is(error.location?.start, line);
    t.truthy(error.hint);
    if (text.includes(other)) t.true(error.message.includes(`${other},`));
  }
});

test('directives end at the first line that is none', (t) => {
  t.is(parse('# hello', '# escape=`', 'FROM scratch').directives.escape, '\\');
  t.is(parse('', '# escape=`', 'FROM scratch').directives.escape, '\\');
  t.is(parse('# unknown=1', '# escape=`', 'FROM scratch').directives.escape, '\\');
  t.is(parse('# syntax=docker/dockerfile:1', '#escape = `', 'FROM scratch').directives.escape, '`');
});

test('wrong directives', (t) => {
  const twice = refusal(() => parse('# escape=`', '# escape=`', 'FROM scratch'));
  t.regex(twice.message, /only one escape parser directive/);
  t.is(twice.location?.start, 2);
  const wrong = refusal(() => parse('# escape=~', 'FROM scratch'));
  t.regex(wrong.message, /invalid escape token '~'/);
  t.is(wrong.location?.start, 1);
});
