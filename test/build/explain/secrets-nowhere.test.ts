import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import test from 'ava';
import { prometheusText } from '../../../src/build/explain/prometheus-text.ts';
import { SPACES } from '../../../src/cas/catalog.ts';
import { explanationText } from '../../../src/cli/print-explanation.ts';
import { writeReport } from '../../../src/cli/report/write-report.ts';
import { digestHex } from '../../../src/oci/digest.ts';
import { buildBench } from '../support/build-bench.ts';
import { tell } from '../support/told-build.ts';

const SECRETS = ['value-of-a-token', 'value-of-a-password', 'value-in-a-url', 'value-of-a-mount', 'changed-token'];
const DOCKERFILE = `FROM scratch
COPY --chmod=755 busybox /bin/sh
ARG NPM_TOKEN
ARG dbPassword
ARG REPO=https://user:value-in-a-url@repo.test/x
RUN --mount=type=secret,id=s read -r s < /run/secrets/s; echo "$NPM_TOKEN $dbPassword $REPO $s"; true
`;

/** What bytes say, also when they are compressed. */
function readings(bytes: Buffer): Buffer[] {
  const unpacked = [gunzipSync, zstdDecompressSync].flatMap((unpack) => {
    try {
      return [unpack(bytes)];
    } catch {
      return [];
    }
  });
  return [bytes, ...unpacked];
}

test('no byte of a store, a cache, a report, metrics or an explanation has a secret-like argument’s value in clear', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { busybox: readFileSync('/usr/bin/busybox') });
  const place = { kind: 'layout' as const, path: join(bench.path, 'cache') };
  const configs = new Set<string>();
  const report = join(bench.path, 'report.html');
  const seen: (readonly [where: string, bytes: Buffer])[] = [];
  const build = (token: string) =>
    tell(bench, DOCKERFILE, context, {
      cache: { from: [place], to: { place, mode: 'max' } },
      buildArgs: new Map([
        ['NPM_TOKEN', token],
        ['dbPassword', 'value-of-a-password'],
      ]),
      secrets: new Map([['s', { value: 'value-of-a-mount\n' }]]),
      inspect: async (image, services) => {
        // What an image's history says of a RUN is docker's: its arguments, as they were given.
        configs.add(digestHex(image.config.descriptor.digest));
        const builds = await services.history.builds();
        await writeReport(report, builds[0]!, builds, services);
        for (const space of SPACES)
          for await (const [key, row] of services.store.catalog.rows(space))
            for (const bytes of [Buffer.from(key), ...readings(row)]) seen.push([`${space} ${key}`, bytes]);
      },
    });
  await build('value-of-a-token');
  const { explanation, metrics, record } = await build('changed-token');
  const files = ['store', 'cache'].flatMap((name) =>
    readdirSync(join(bench.path, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !configs.has(entry.name))
      .map(({ parentPath, name: file }) => join(parentPath, file)),
  );
  for (const file of [...files, report]) for (const bytes of readings(readFileSync(file))) seen.push([file, bytes]);
  const told = {
    explanation,
    metrics,
    record,
    text: explanationText(explanation),
    prometheus: prometheusText(metrics),
  };
  seen.push(['what is told', Buffer.from(JSON.stringify(told))]);

  t.true(seen.some(([where, bytes]) => where.startsWith('history log/') && bytes.includes('[hidden ')));
  t.true(seen.some(([where, bytes]) => where.includes('/cache/blobs/') && bytes.includes('[hidden ')));
  t.regex(told.text, /ARG NPM_TOKEN changed: \[hidden \w+\] → \[hidden \w+\]/);
  for (const secret of SECRETS)
    t.deepEqual(
      seen.filter(([, bytes]) => bytes.includes(secret)).map(([where]) => where),
      [],
      secret,
    );
});
