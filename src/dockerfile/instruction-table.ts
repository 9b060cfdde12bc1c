import type { Instruction } from './ast.ts';
import type { FlagType } from './instruction-flags.ts';

const TRANSFER = { chown: 'string', chmod: 'string', link: 'bool', exclude: 'list' } as const;

/**
 * Every instruction there is, with its flags. docs/dockerfile.md has a row for each, which a test checks.
 * https://docs.docker.com/reference/dockerfile/#overview
 */
export const INSTRUCTION_FLAGS = {
  add: { ...TRANSFER, checksum: 'string', 'keep-git-dir': 'bool', unpack: 'bool' },
  arg: {},
  cmd: {},
  copy: { from: 'string', ...TRANSFER, parents: 'bool' },
  entrypoint: {},
  env: {},
  expose: {},
  from: { platform: 'string' },
  healthcheck: {
    interval: 'string',
    timeout: 'string',
    'start-period': 'string',
    'start-interval': 'string',
    retries: 'string',
  },
  label: {},
  maintainer: {},
  onbuild: {},
  run: { mount: 'list', network: 'string', security: 'string', device: 'list' },
  shell: {},
  stopsignal: {},
  user: {},
  volume: {},
  workdir: {},
} as const satisfies Record<Instruction['kind'], Readonly<Record<string, FlagType>>>;

export const INSTRUCTION_KINDS = Object.keys(INSTRUCTION_FLAGS) as readonly Instruction['kind'][];
