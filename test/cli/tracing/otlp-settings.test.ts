import test from 'ava';
import { type Environment, otlpSettings } from '../../../src/cli/tracing/otlp-settings.ts';

const PARENT = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}`;
const E = 'http://c:4318';

test('where spans go, with what, and for how long', (t) => {
  t.deepEqual(otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: `${E}/` }), {
    url: `${E}/v1/traces`,
    headers: {},
    timeoutMs: 10_000,
    resource: { 'service.name': 'varve' },
    parent: undefined,
  });
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: E,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/x',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1, authorization=Bearer%20x',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=n,team=a%2Cb',
    OTEL_SERVICE_NAME: 'ci',
    TRACEPARENT: `${PARENT}-01`,
    TRACESTATE: 'v=1',
  };
  t.deepEqual(otlpSettings(env), {
    url: 'https://t/x',
    headers: { a: '1', authorization: 'Bearer x' },
    timeoutMs: 500,
    resource: { 'service.name': 'ci', team: 'a,b' },
    parent: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), isSampled: true, state: 'v=1' },
  });
});

/** Variables beside the endpoint, and what comes of them: nothing is traced, or a reason. */
const OTHERS: readonly (readonly [env: Environment, found: RegExp | undefined])[] = [
  [{ OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  [{ OTEL_TRACES_EXPORTER: 'none' }, undefined],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /OTEL_TRACES_EXPORTER=zipkin/],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /PROTOCOL=grpc.*http\/json/],
  [{ OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' }, /TIMEOUT=soon/],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'c:4318' }, /no URL/],
];

for (const [env, found] of OTHERS) {
  test(`${JSON.stringify(env)}: ${found ?? 'nothing'}`, (t) => {
    const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: E, ...env });
    if (found) t.regex(String(settings), found);
    else t.is(settings, undefined);
  });
}

test('a parent that is malformed is none; its flags tell whether it is sampled', (t) => {
  const parentOf = (TRACEPARENT: string) => {
    const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: E, TRACEPARENT });
    return typeof settings === 'object' ? settings.parent : settings;
  };
  t.is(parentOf(`00-${'0'.repeat(32)}-${'cd'.repeat(8)}-01`), undefined);
  t.is(parentOf(`ff${PARENT.slice(2)}-01`), undefined);
  t.is(parentOf(PARENT), undefined);
  t.like(parentOf(`${PARENT}-00`), { isSampled: false });
  t.like(parentOf(`01${PARENT.slice(2)}-03-more`), { isSampled: true });
});
