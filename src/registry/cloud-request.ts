import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Clock } from '../io/clock.ts';
import type { Log } from '../io/log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What clouds' credentials are asked with. */
export interface CloudContext {
  readonly env: Environment;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly log: Log;
}

export interface CloudCall {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  readonly timeoutMs?: number;
}

/** Token services answer within a second or two. */
const TIMEOUT_MS = 20_000;
/** A metadata service is on the machine's own link: where there is none, nobody answers. */
export const METADATA_TIMEOUT_MS = 1500;
/** Most of a service's own words that goes into a message. */
const MESSAGE_LIMIT_CHARS = 200;

const complaintSchema = z.looseObject({
  error: z.unknown().optional(),
  error_description: z.string().optional(),
  message: z.string().optional(),
});

/**
 * The text of a cloud's answer.
 * @throws Error with the service's name, status and complaint, and nothing that was sent
 */
export async function askText(context: CloudContext, url: string, call: CloudCall = {}): Promise<string> {
  const { host } = new URL(url);
  let response: Response;
  try {
    response = await context.fetch(url, {
      method: call.method ?? 'GET',
      headers: { ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      // Credentials of the request are for this host only.
      redirect: 'error',
      signal: AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS),
    });
  } catch (error) {
    throw new NoAnswer(`${host} gave no answer`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return text;
  const said = complaint(text);
  throw new Error(`${host} answered ${response.status}${said ? `: ${said}` : ''}`);
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
