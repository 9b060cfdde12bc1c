import type { Dispatcher } from 'undici';
import * as z from 'zod';
import { VarveError } from '../errors.ts';
import type { Redactor } from '../io/redact.ts';

/** Most of an error answer that is read: 64 KiB. The rest of it is never received. */
export const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
/** Most of the registry's own words that goes into a message. */
const MESSAGE_LIMIT_CHARS = 500;

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
const errorBodySchema = z.looseObject({
  errors: z.array(z.looseObject({ code: z.string().optional(), message: z.string().nullish() })).min(1),
});

/** The cause of a `REGISTRY_*` error that a registry's answer led to. */
export class RegistryRefusal extends Error {
  override readonly name = 'RegistryRefusal';
  readonly status: number;
  /** The spec's codes, such as `MANIFEST_UNKNOWN`, as the registry gave them. */
  readonly specCodes: readonly string[];
  /** The wait that the registry asked for, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, specCodes: readonly string[], retryAfterMs: number | undefined) {
    super(`status ${status}${specCodes.length ? ` ${specCodes.join(', ')}` : ''}`);
    this.status = status;
    this.specCodes = specCodes;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The HTTP status behind an error of this folder; undefined when no answer led to it. */
export function refusalOf(error: unknown): RegistryRefusal | undefined {
  return error instanceof VarveError && error.cause instanceof RegistryRefusal ? error.cause : undefined;
}

/** Whether a registry refused a manifest because it lacks a blob of it. */
export function isBlobUnknown(error: unknown): boolean {
  return refusalOf(error)?.specCodes.includes('MANIFEST_BLOB_UNKNOWN') ?? false;
}

export interface AnswerContext {
  /** What was asked for, for people: `manifest of docker.io/library/debian:12`. */
  readonly what: string;
  readonly registry: string;
  readonly redactor: Redactor;
  readonly now: number;
}

/** Reads at most {@link ERROR_BODY_LIMIT_BYTES} of an answer that is not what was hoped for, and makes an error of it. */
export async function refusalError(response: Dispatcher.ResponseData, context: AnswerContext): Promise<VarveError> {
  // A body that breaks off still says something.
  const { text } = await readBounded(response.body, ERROR_BODY_LIMIT_BYTES);
  const errors = specErrors(text);
  const specCodes = errors.flatMap(({ code }) => (code ? [code] : []));
  const words = errors.length
    ? errors.map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ')
    : isText(response.headers['content-type'])
      ? text.trim()
      : '';
  const status = response.statusCode;
  const said = oneLine(context.redactor.text(words));
  const cause = new RegistryRefusal(status, specCodes, retryAfterMs(response.headers['retry-after'], context.now));
  const code = codeFor(status);
  return new VarveError(code, `${context.what}: ${context.registry} answered ${status}${said ? `: ${said}` : ''}`, {
    cause,
    ...hintFor(code, context.registry),
  });
}

/** The start of a body; reading stops at the limit and the rest is not waited for. */
export async function readBounded(body: Dispatcher.ResponseData['body'], limit: number): Promise<BoundedText> {
  let broken: unknown;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= limit) break;
    }
  } catch (error) {
    broken = error;
  }
  const text = Buffer.concat(chunks).subarray(0, limit).toString('utf8');
  return broken === undefined ? { text } : { text, broken };
}

export interface BoundedText {
  readonly text: string;
  /** Why it ends there, when the connection broke. */
  readonly broken?: unknown;
}

/** Seconds or an HTTP date, in ms from `now`. @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function specErrors(text: string): z.infer<typeof errorBodySchema>['errors'] {
  try {
    return errorBodySchema.parse(JSON.parse(text)).errors;
  } catch {
    return [];
  }
}

function codeFor(status: number): string {
  if (status === 401) return 'REGISTRY_AUTH';
  if (status === 403) return 'REGISTRY_DENIED';
  if (status === 404) return 'REGISTRY_NOT_FOUND';
  if (status === 429) return 'REGISTRY_RATE_LIMIT';
  if (status >= 500 || status === 408) return 'REGISTRY_UNAVAILABLE';
  return 'REGISTRY_REFUSED';
}

function hintFor(code: string, registry: string): { hint?: string } {
  if (code === 'REGISTRY_AUTH' || code === 'REGISTRY_DENIED') {
    return {
      hint: `check that the repository exists and that the credentials for ${registry} may use it (varve login ${registry})`,
    };
  }
  if (code === 'REGISTRY_RATE_LIMIT') return { hint: `log in to ${registry}, or use a mirror of it` };
  return {};
}

function isText(type: string | string[] | undefined): boolean {
  const value = Array.isArray(type) ? type[0] : type;
  return value === undefined || /^(text\/plain|application\/json)/.test(value);
}

function oneLine(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f\s]+/g, ' ').trim();
  return line.length > MESSAGE_LIMIT_CHARS ? `${line.slice(0, MESSAGE_LIMIT_CHARS)}…` : line;
}
