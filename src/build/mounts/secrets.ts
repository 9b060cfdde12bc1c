import { readFile } from 'node:fs/promises';
import type { Store, TempDirectory } from '../../cas/store.ts';
import { VarveError } from '../../errors.ts';

/** Where a secret's value is: in a file, or given (an environment variable that the CLI has read). */
export type SecretValue = { readonly file: string } | { readonly value: string };

export interface Secrets {
  /** The value, or undefined when no secret of this id was given. */
  read(id: string): Promise<Buffer | undefined>;
  /** A directory in memory, for a secret to be mounted from. */
  makeDirectory(): Promise<TempDirectory>;
}

/** BuildKit's limit: 500 KiB. @see moby/buildkit session/secrets/secretsprovider/file.go MaxSecretSize */
const LIMIT_BYTES = 500 * 1024;

/** @param store gives the directories, and removes those of a build that was killed */
export function createSecrets(given: ReadonlyMap<string, SecretValue>, store: Pick<Store, 'makeMemoryTemp'>): Secrets {
  return {
    async read(id) {
      const secret = given.get(id);
      if (!secret) return undefined;
      const value = 'value' in secret ? Buffer.from(secret.value, 'utf8') : await readSecret(id, secret.file);
      if (value.length > LIMIT_BYTES)
        throw new VarveError('SECRET_SIZE', `secret ${id} has ${value.length} bytes; at most 500 KiB are allowed`);
      return value;
    },
    makeDirectory: () => store.makeMemoryTemp('secret'),
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

/** What is looked for in a command's output, so that it is not kept: each secret whole, and its longer lines. */
export async function secretTexts(given: ReadonlyMap<string, SecretValue>): Promise<string[]> {
  const texts = await Promise.all(
    [...given.values()].map(async (secret) =>
      'value' in secret ? secret.value : await readFile(secret.file, 'utf8').catch(() => ''),
    ),
  );
  return texts.flatMap((text) => {
    const lines = text.split('\n').map((line) => line.trim());
    return [text.trim(), ...lines.filter(({ length }) => length >= TELLING_CHARS)];
  });
}

/** Shorter lines, such as a brace of JSON, are in every output. */
const TELLING_CHARS = 8;
