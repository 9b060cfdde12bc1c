import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { cliBench } from '../support/cli-bench.ts';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status?: { readonly code: number; readonly message: string };
}

interface Sent {
  readonly url: string | undefined;
  readonly key: string | string[] | undefined;
  readonly spans: readonly SentSpan[];
  readonly resource: unknown;
}

/** A collector that keeps what it is sent. */
async function collector(t: ExecutionContext, status = 200): Promise<{ endpoint: string; sent: Sent[] }> {
  const sent: Sent[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as {
      resourceSpans: [{ resource: unknown; scopeSpans: [{ spans: SentSpan[] }] }];
    };
    const [{ resource, scopeSpans }] = body.resourceSpans;
    sent.push({ url: request.url, key: request.headers['x-key'], resource, spans: scopeSpans[0].spans });
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
}

const PARENT = { traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' };

test('a build is a span with its stages and steps below it, in the trace of its environment; a RUN is told its own', async (t) => {
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', {
    Dockerfile: `FROM localhost/busybox:1 AS a
RUN echo "seen $TRACEPARENT $TRACESTATE"
FROM localhost/busybox:1
ENV TRACEPARENT=mine
COPY --from=a /bin/busybox /b
RUN echo "seen $TRACEPARENT"; exit 3
`,
  });
  const { endpoint, sent } = await collector(t);
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
    TRACEPARENT: `00-${PARENT.traceId}-${PARENT.spanId}-01`,
    TRACESTATE: 'vendor=1',
  };
  const { code, stderr } = await bench.with(env).varve('build', context);
  t.is(code, 3, stderr);
  t.like(sent, { length: 1, 0: { url: '/v1/traces', key: 'a b' } });
  const { spans } = sent[0]!;
  const named = (name: RegExp): SentSpan => {
    const found = spans.filter((span) => name.test(span.name));
    t.is(found.length, 1, `${name} of ${spans.map((span) => span.name)}`);
    return found[0]!;
  };
  const root = named(/^varve build$/);
  t.like(root, { parentSpanId: PARENT.spanId, status: { code: 2 } });
  t.true(spans.every(({ traceId }) => traceId === PARENT.traceId));
  const stage = named(/^stage a$/);
  t.is(stage.parentSpanId, root.spanId);
  const step = named(/^RUN echo .*TRACESTATE/);
  t.is(step.parentSpanId, stage.spanId);
  t.is(step.status, undefined);
  t.deepEqual(step.attributes.find(({ key }) => key === 'varve.step.status')?.value, { stringValue: 'done' });
  t.like(named(/exit 3$/), { status: { code: 2 } });
  for (const span of spans) t.true(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano), span.name);
  t.true(BigInt(root.startTimeUnixNano) <= BigInt(stage.startTimeUnixNano));
  t.true(stderr.includes(`seen 00-${PARENT.traceId}-${step.spanId}-01 vendor=1`), stderr);
  t.true(stderr.includes('seen mine'), 'ENV goes before');

  // The trace is in no key: another build, another trace, the same step.
  const again = await bench.with({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).varve('build', '--target', 'a', context);
  t.is(again.code, 0, again.stderr);
  const hit = sent[1]!.spans.find(({ name }) => name.startsWith('RUN '));
  t.deepEqual(hit?.attributes.find(({ key }) => key === 'varve.step.status')?.value, { stringValue: 'hit' });
  t.not(sent[1]!.spans[0]!.traceId, PARENT.traceId);

  // Whoever made the trace did not want it kept.
  const unsampled = { ...env, TRACEPARENT: env.TRACEPARENT.replace(/1$/, '0') };
  t.is((await bench.with(unsampled).varve('build', '--target', 'a', context)).code, 0);
  t.is(sent.length, 2);
});

test('a collector that refuses, or is not there, is a warning', async (t) => {
  const bench = cliBench(t);
  const context = bench.directory('context', { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const { endpoint } = await collector(t, 503);
  for (const [at, said] of [
    [endpoint, /warning: traces are not sent: .*503/],
    ['http://127.0.0.1:1', /warning: traces are not sent: .*ECONNREFUSED/],
  ] as const) {
    const { code, stderr } = await bench.with({ OTEL_EXPORTER_OTLP_ENDPOINT: at }).varve('build', context);
    t.is(code, 0, stderr);
    t.regex(stderr, said);
  }
});
