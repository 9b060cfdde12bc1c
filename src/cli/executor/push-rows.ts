import type { FlagRow } from './flag-row.ts';
import { LOG_ROWS, REGISTRY_ROWS, STORE_ROW } from './registry-rows.ts';

const IMMUTABLE = 'push-ignore-immutable-tag-errors';

/** Every flag of the executor's push. */
export const PUSH_ROWS: readonly FlagRow[] = [
  { name: 'destination', short: 'd', type: 'multi', meaning: 'same', says: 'where the image is pushed to' },
  {
    name: 'skip-push-permission-check',
    type: 'bool',
    default: 'false',
    meaning: 'noted',
    says: 'what is pushed is there already, so nothing is asked in advance',
  },
  ...REGISTRY_ROWS.filter(({ name }) => name !== IMMUTABLE),
  {
    name: IMMUTABLE,
    type: 'bool',
    default: 'false',
    meaning: 'refused',
    says: 'executor with the flag, or another tag',
  },
  STORE_ROW,
  ...LOG_ROWS,
];

/** Every flag of the executor's login. */
export const LOGIN_ROWS: readonly FlagRow[] = [
  { name: 'username', short: 'u', type: 'string', meaning: 'same', to: '--username', says: 'the user' },
  { name: 'password', short: 'p', type: 'string', meaning: 'same', to: '--password', says: 'the password' },
  {
    name: 'password-stdin',
    type: 'bool',
    default: 'false',
    meaning: 'same',
    to: '--password-stdin',
    says: 'read the password from standard input',
  },
  ...REGISTRY_ROWS.filter(({ name, to }) => to !== undefined && /^(insecure|skip-tls|registry-c)/.test(name)),
  ...LOG_ROWS,
];
