import { spawn } from 'node:child_process';
import * as z from 'zod';
import type { Credential } from './credential-source.ts';

/**
 * Asks `docker-credential-<name> get` for a server. Undefined when the helper has nothing for it.
 * Anything else that goes wrong is an Error whose message shows no output of the helper.
 */
export type RunHelper = (name: string, server: string, signal?: AbortSignal) => Promise<Credential | undefined>;

/** Keeps a credential in a helper's store, or takes it out. Failures are as with {@link RunHelper}. */
export interface HelperStore {
  store(name: string, server: string, username: string, secret: string): Promise<void>;
  /** Nothing happens when it has nothing. */
  erase(name: string, server: string): Promise<void>;
}

export interface HelperOptions {
  /** The helper's environment: PATH finds it, and cloud helpers read much else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

/** Helpers may ask a cloud's metadata service or a keychain; docker waits without end. */
const HELPER_TIMEOUT_MS = 30_000;
/** The largest answers are cloud tokens of some KiB. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
/** @see https://github.com/docker/docker-credential-helpers/blob/v0.9.3/credentials/error.go */
const NOT_FOUND = /credentials not found/i;
/** The user name that says that the secret is an identity token. */
const TOKEN_USER = '<token>';

const answerSchema = z.looseObject({ Username: z.string(), Secret: z.string() });

/** For `get`. */
export function createHelperRunner(options: HelperOptions): RunHelper {
  return async (name, server, signal) => {
    const { code, stdout, command } = await call(name, 'get', `${server}\n`, options, signal);
    if (code === 0) return answer(command, stdout);
    if (NOT_FOUND.test(stdout)) return undefined;
    throw new Error(`${command} failed with exit code ${code}`);
  };
}

/** For `store` and `erase`. */
export function createHelperStore(options: HelperOptions): HelperStore {
  return {
    async store(name, server, username, secret) {
      const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
      const { code, command } = await call(name, 'store', input, options);
      if (code !== 0) throw new Error(`${command} failed with exit code ${code}`);
    },
    async erase(name, server) {
      const { code, stdout, command } = await call(name, 'erase', server, options);
      if (code !== 0 && !NOT_FOUND.test(stdout)) throw new Error(`${command} failed with exit code ${code}`);
    },
  };
}

async function call(
  name: string,
  action: 'get' | 'store' | 'erase',
  input: string,
  options: HelperOptions,
  signal?: AbortSignal,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly command: string }> {
  const timeoutMs = options.timeoutMs ?? HELPER_TIMEOUT_MS;
  const command = `docker-credential-${name}`;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} cannot name a credential helper`);
  const limit = AbortSignal.timeout(timeoutMs);
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return { ...(await run(command, action, input, options.env, both)), command };
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) throw new Error(`${command} gave no answer within ${timeoutMs / 1000} s`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`${command} is not in PATH`);
    throw error;
  }
}

function answer(command: string, stdout: string): Credential | undefined {
  let parsed: z.infer<typeof answerSchema>;
  try {
    parsed = answerSchema.parse(JSON.parse(stdout));
  } catch {
    throw new Error(`${command} gave an answer without Username and Secret`);
  }
  if (!parsed.Secret) return undefined;
  if (parsed.Username === TOKEN_USER || parsed.Username === '') return { kind: 'identity-token', token: parsed.Secret };
  return { kind: 'password', username: parsed.Username, password: parsed.Secret };
}

async function run(
  command: string,
  action: string,
  input: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = spawn(command, [action], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  });
  const ended = Promise.withResolvers<number | null>();
  child.on('error', ended.reject);
  child.on('close', ended.resolve);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > OUTPUT_LIMIT_BYTES) ended.reject(new Error(`${command} wrote more than ${OUTPUT_LIMIT_BYTES} bytes`));
    else chunks.push(chunk);
  });
  // A helper that doesn't read its input is no failure.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    return { code: await ended.promise, stdout: Buffer.concat(chunks).toString('utf8') };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}
