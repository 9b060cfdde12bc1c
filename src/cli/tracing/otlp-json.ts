import type { Span } from './build-spans.ts';

/** Of a span. @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
const KIND_INTERNAL = 1;
const STATUS_ERROR = 2;

/**
 * The body of a request to a collector.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding ids are hexadecimal there, 64-bit numbers are texts
 */
export function otlpJson(
  spans: readonly Span[],
  about: {
    readonly traceId: string;
    readonly resource: Readonly<Record<string, string>>;
    readonly version: string;
    readonly state: string | undefined;
  },
): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributes(about.resource) },
        scopeSpans: [
          {
            scope: { name: 'varve', version: about.version },
            spans: spans.map((span) => ({
              traceId: about.traceId,
              spanId: span.spanId,
              ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }),
              ...(about.state === undefined ? {} : { traceState: about.state }),
              name: span.name,
              kind: KIND_INTERNAL,
              startTimeUnixNano: nanoseconds(span.started),
              endTimeUnixNano: nanoseconds(span.ended),
              attributes: attributes(span.attributes),
              ...(span.error === undefined ? {} : { status: { code: STATUS_ERROR, message: span.error } }),
            })),
          },
        ],
      },
    ],
  });
}

function attributes(values: Span['attributes']): { key: string; value: object }[] {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { stringValue: value } };
    if (typeof value === 'boolean') return { key, value: { boolValue: value } };
    return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
  });
}

function nanoseconds(ms: number): string {
  return (BigInt(Math.round(ms * 1000)) * 1000n).toString();
}
