import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cliBench } from './support/cli-bench.ts';

const DOCKERFILE = `
FROM localhost/busybox:1
ARG API_TOKEN
RUN --mount=type=secret,id=pass echo "token $API_TOKEN"; cat /run/secrets/pass; printf '\\033[2Jhostile\\n'
ARG FAIL
RUN if [ "$FAIL" ]; then echo no good; exit 3; fi
`;

test('builds are listed and shown, what their commands wrote is printed without secrets, and they are forgotten', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE });
  const secret = join(bench.path, 'pass');
  writeFileSync(secret, 'correct horse\nbattery staple\n');
  const build = (...more: string[]) =>
    bench.varve('build', '--secret', `id=pass,src=${secret}`, '--build-arg', 'API_TOKEN=t0p-s3cret', ...more, context);
  t.is((await build()).code, 0);
  t.is((await build('--build-arg', 'FAIL=1')).code, 3);

  const listed = await bench.varve('history ls', '--format', 'json');
  const [second, first] = JSON.parse(listed.stdout) as { id: string; result: string }[];
  t.deepEqual([second!.result, first!.result], ['failed', 'done']);
  t.is((await bench.varve('history ls')).stdout.trim().split('\n').length, 3);

  const shown = (await bench.varve('history show', first!.id.slice(0, 6))).stdout;
  t.regex(shown, /^0\.1 +miss +\d+\.\ds .* RUN --mount=type=secret/m);
  t.regex(shown, /^image +sha256:[0-9a-f]{64} \(linux\/\w+, 3 layers, /m);
  const steps = JSON.parse((await bench.varve('history show', '--format', 'json')).stdout).steps;
  t.deepEqual(
    steps.map(({ status }: { status: string }) => status),
    ['hit', 'failed'],
  );

  const logs = (await bench.varve('history logs')).stdout;
  t.regex(logs, new RegExp(`^--- 0\\.1 .*, from build ${first!.id}$`, 'm'));
  t.regex(logs, /^token \[hidden [0-9a-f]{12}\]\n\[hidden [0-9a-f]{12}\]\n/m);
  t.regex(logs, /^hostile\n--- 0\.2 .*\nno good\n$/m);
  t.notRegex(logs, /s3cret|horse|staple|\u001b/);
  const [one] = JSON.parse((await bench.varve('history logs', second!.id, '0.2', '--format', 'json')).stdout);
  t.like(one, { id: '0.2', build: second!.id, log: 'no good\n' });
  t.is((await bench.varve('history logs', second!.id, '0.9')).code, 1);

  t.is((await bench.varve('history rm')).code, 2);
  t.is((await bench.varve('history rm', first!.id)).stdout, `${first!.id}\n`);
  t.false((await bench.varve('history logs')).stdout.includes('token'));
  t.is((await bench.varve('history rm', '--all')).stdout, `${second!.id}\n`);
  t.is((await bench.varve('history ls', '--format', 'json')).stdout, '[]\n');
  const verified = await bench.varve('store verify');
  t.is(verified.code, 0, verified.stdout + verified.stderr);
});
