import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VarveError } from '../errors.ts';

/** Where a secret's value is: in a file, or given (an environment variable that the CLI has read). */
export type SecretValue = { readonly file: string } | { readonly value: string };

export interface Secrets {
  /** The value, or undefined when no secret of this id was given. */
  read(id: string): Promise<Buffer | undefined>;
  /** A directory in memory, for a secret to be mounted from. */
  makeDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

/** BuildKit's limit: 500 KiB. @see moby/buildkit session/secrets/secretsprovider/file.go MaxSecretSize */
const LIMIT_BYTES = 500 * 1024;
/** f_type of tmpfs. @see linux/magic.h */
const TMPFS_MAGIC = 0x01021994;

/**
 * @param fallback where secrets lie while a RUN sees them when the machine has no tmpfs at /dev/shm
 */
export function createSecrets(given: ReadonlyMap<string, SecretValue>, fallback: string): Secrets {
  return {
    async read(id) {
      const secret = given.get(id);
      if (!secret) return undefined;
      const value = 'value' in secret ? Buffer.from(secret.value, 'utf8') : await readSecret(id, secret.file);
      if (value.length > LIMIT_BYTES)
        throw new VarveError('SECRET_SIZE', `secret ${id} has ${value.length} bytes; at most 500 KiB are allowed`);
      return value;
    },
    async makeDirectory() {
      const path = mkdtempSync(join(isTmpfs('/dev/shm') ? '/dev/shm' : fallback, 'varve-secret-'));
      return { path, remove: async () => rmSync(path, { recursive: true, force: true }) };
    },
  };
}

async function readSecret(id: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new VarveError(
      'SECRET_MISSING',
      `secret ${id} cannot be read from ${file}: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
      { cause: error },
    );
  }
}

function isTmpfs(path: string): boolean {
  try {
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}
