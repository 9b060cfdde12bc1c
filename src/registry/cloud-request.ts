import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Clock } from '../io/clock.ts';
import type { FetchText } from '../io/fetch-text.ts';
import type { Log } from '../io/log.ts';
import { type RetryPolicy, retry } from '../io/retry.ts';
import { isBrokenConnection } from './connection-error.ts';
import { isRetryableStatus } from './transport-context.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What clouds' credentials are asked with. */
export interface CloudContext {
  readonly env: Environment;
  readonly fetch: FetchText;
  readonly retryPolicy: RetryPolicy;
  readonly clock: Clock;
  readonly log: Log;
}

export interface CloudCall {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  readonly timeoutMs?: number;
  /** Through no proxy, as metadata services are asked. */
  readonly direct?: boolean;
}

/** Token services answer within a second or two. */
const TIMEOUT_MS = 20_000;
/** A metadata service is on the machine's own link: where there is none, nobody answers, and no proxy speaks for it. */
export const METADATA = { timeoutMs: 1500, direct: true } as const;
/** Most of a service's own words that goes into a message. */
const MESSAGE_LIMIT_CHARS = 200;

const complaintSchema = z.looseObject({
  error: z.unknown().optional(),
  error_description: z.string().optional(),
  message: z.string().optional(),
});

/**
 * The text of a cloud's answer. What may go better is tried again, but a metadata service that does not answer is not there.
 * @throws NoAnswer for a metadata service; else Error with the service's name, status and complaint, and nothing that was sent
 */
export async function askText(context: CloudContext, url: string, call: CloudCall = {}): Promise<string> {
  const { host } = new URL(url);
  const { method = 'GET', headers, body, timeoutMs = TIMEOUT_MS, direct = false } = call;
  const form = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const sent = { method, headers: { ...form, ...headers }, ...(body === undefined ? {} : { body: String(body) }) };
  return retry(
    async () => {
      const { status, text } = await context.fetch(url, { ...sent, timeoutMs, direct });
      if (status >= 200 && status < 300) return text;
      throw new Refusal(host, status, complaint(text));
    },
    { policy: context.retryPolicy, verdict: (error) => mayGoBetter(error, direct) && {} },
  ).catch((cause: unknown) => {
    if (cause instanceof Refusal) throw cause;
    if (direct) throw new NoAnswer(`${host} gave no answer`, { cause });
    throw new Error(`${host} gave no answer: ${(cause as Error).message}`, { cause });
  });
}

function mayGoBetter(error: unknown, direct: boolean): boolean {
  if (error instanceof Refusal) return isRetryableStatus(error.status);
  return !direct && isBrokenConnection(error);
}

class Refusal extends Error {
  readonly status: number;
  constructor(host: string, status: number, said: string) {
    super(`${host} answered ${status}${said ? `: ${said}` : ''}`);
    this.status = status;
  }
}

/** Nobody was there: this machine is not in that cloud. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The same for an answer in JSON. @throws Error when it does not have what `schema` wants; it shows none of it */
export async function askJson<T>(
  context: CloudContext,
  url: string,
  schema: z.ZodType<T>,
  call: CloudCall = {},
): Promise<T> {
  return readJson(await askText(context, url, call), schema, `the answer of ${new URL(url).host}`);
}

/** @throws Error */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return readJson(await readText(path), schema, path);
}

/** @throws Error */
export async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function readJson<T>(text: string, schema: z.ZodType<T>, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${what} is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Error(
    `${what} is not as it should be: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`,
  );
}

function complaint(text: string): string {
  let words = '';
  try {
    const { error, error_description, message } = complaintSchema.parse(JSON.parse(text));
    words = [typeof error === 'string' ? error : '', error_description ?? message ?? ''].filter(Boolean).join(': ');
  } catch {
    words = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? '';
  }
  return words.replace(/\s+/g, ' ').slice(0, MESSAGE_LIMIT_CHARS);
}
