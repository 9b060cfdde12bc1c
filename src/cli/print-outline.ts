import type { Outline, OutlineMount } from '../build/plan/outline.ts';
import { jsonLocation, jsonSource } from './call-json.ts';
import { textTable } from './text-table.ts';

/** Blanks between columns, as buildx has them. */
const HEAD_GAP = 1;
const TABLE_GAP = 3;

/** What a target takes, as buildx prints it. */
export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const head = [
    ['TARGET:', name ?? '(default)'],
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const parts = [
    ...(name === undefined && description === undefined ? [] : [textTable(head, [], HEAD_GAP)]),
    ...(args.length === 0
      ? []
      : [
          textTable(
            [
              ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
              ...args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
            ],
            [],
            TABLE_GAP,
          ),
        ]),
    ...mountTable('SECRET', secrets),
    ...mountTable('SSH', ssh),
  ];
  return parts.map((part) => `${part}\n`).join('');
}

function mountTable(title: string, mounts: readonly OutlineMount[]): string[] {
  if (mounts.length === 0) return [];
  const rows = mounts.map(({ name, required }) => [name, required ? 'true' : '']);
  return [textTable([[title, 'REQUIRED'], ...rows], [], TABLE_GAP)];
}

/** The same as BuildKit's frontend.outline answers. */
export function outlineJson({ name, description, args, secrets, ssh }: Outline, source: Uint8Array): object {
  const mounts = (all: readonly OutlineMount[]): object[] =>
    all.map((one) => ({
      name: one.name,
      ...(one.required ? { required: true } : {}),
      location: jsonLocation(one.location),
    }));
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(args.length === 0 ? {} : { args: args.map((arg) => ({ ...arg, location: jsonLocation(arg.location) })) }),
    ...(secrets.length === 0 ? {} : { secrets: mounts(secrets) }),
    ...(ssh.length === 0 ? {} : { ssh: mounts(ssh) }),
    sources: [jsonSource(source)],
  };
}
