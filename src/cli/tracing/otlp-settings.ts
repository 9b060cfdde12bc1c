/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the spans of a build belong. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export interface TraceParent {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
  readonly state: string | undefined;
}

/** How spans are sent. */
export interface OtlpSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  readonly parent: TraceParent | undefined;
}

/** OTEL_EXPORTER_OTLP_TIMEOUT's default. */
const TIMEOUT_MS = 10_000;

/**
 * Reads OpenTelemetry's variables.
 * @returns undefined when no traces are wanted; a text that says why they cannot be sent as wanted
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function otlpSettings(env: Environment): OtlpSettings | string | undefined {
  const of = (name: string): string | undefined =>
    env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
  const endpoint = of('ENDPOINT');
  const exporter = env.OTEL_TRACES_EXPORTER || 'otlp';
  if (endpoint === undefined || env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || exporter === 'none')
    return undefined;
  if (exporter !== 'otlp') return `OTEL_TRACES_EXPORTER=${exporter}: varve sends traces by otlp only`;
  const protocol = of('PROTOCOL') ?? 'http/json';
  if (protocol !== 'http/json')
    return `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}: varve sends traces by http/json only; OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json says so for traces alone`;
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || `${endpoint.replace(/\/$/, '')}/v1/traces`;
  if (!URL.canParse(url) || !/^https?:/.test(url))
    return `${JSON.stringify(url)} is no URL that traces could be sent to`;
  const timeout = of('TIMEOUT') ?? String(TIMEOUT_MS);
  if (!/^\d{1,7}$/.test(timeout)) return `OTEL_EXPORTER_OTLP_TIMEOUT=${timeout}: it is a number of milliseconds`;
  return {
    url,
    headers: pairs(of('HEADERS')),
    timeoutMs: Number(timeout),
    resource: {
      'service.name': 'varve',
      ...pairs(env.OTEL_RESOURCE_ATTRIBUTES),
      ...(env.OTEL_SERVICE_NAME ? { 'service.name': env.OTEL_SERVICE_NAME } : {}),
    },
    parent: traceParent(env),
  };
}

/** `a=1,b=2`, values percent-encoded as in W3C baggage. */
function pairs(text = ''): Record<string, string> {
  return Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [, name, value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      return name === undefined ? [] : [[name, decoded(value)]];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One that is malformed starts a trace of its own, as the specification wants. */
function traceParent({ TRACEPARENT = '', TRACESTATE }: Environment): TraceParent | undefined {
  const [, version, traceId = '', spanId = '', flags = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(TRACEPARENT) ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1, state: TRACESTATE || undefined };
}
