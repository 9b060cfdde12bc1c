import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cliBench } from './support/cli-bench.ts';

/** Makes and takes away, over the base and over itself: what a merged layer gets wrong first. */
const DOCKERFILE = `FROM localhost/busybox:1 AS below
RUN mkdir /dir /gone && echo 1 > /dir/a && echo 2 > /gone/b && ln /dir/a /dir/hard && rm /etc/group && mkfifo /pipe
FROM below
ENV A=b
COPY . /app/
RUN rm -r /gone && rm -r /home && echo file > /home && chown 7:8 /dir/hard && ln -s /dir /app/link
COPY --link file /linked/file
RUN rm /app/file && rm -r /dir/hard && mkdir -p /etc/group/x && touch -d @1000000000 /etc
CMD ["true"]
`;

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly unknown[];
}

test('--squash: one layer above the base, the files and the config that the layers give, and hits give it again', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await bench.importBusybox('localhost/busybox:1');
  const context = bench.directory('context', { Dockerfile: DOCKERFILE, file: '1', 'sub/file': '2' });
  const build = async (name: string, ...flags: string[]): Promise<string> => {
    const layout = join(bench.path, name);
    const { code, stderr } = await bench.here('build', ...flags, '-o', `type=oci,dest=${layout},tar=false`, context);
    t.is(code, 0, stderr);
    return layout;
  };
  const read = (layout: string, digest: string): unknown =>
    JSON.parse(readFileSync(join(layout, 'blobs/sha256', digest.slice(7)), 'utf8'));
  const manifestOf = (layout: string): Manifest => {
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[];
    };
    return read(layout, manifests[0]!.digest) as Manifest;
  };
  const [plain, one, again] = [await build('plain'), await build('one', '--squash'), await build('again', '--squash')];
  const manifest = manifestOf(one);
  t.is(manifestOf(plain).layers.length, 6);
  t.is(manifest.layers.length, 2);
  t.deepEqual(manifestOf(again), manifest);
  const config = read(one, manifest.config.digest) as { history: readonly { empty_layer?: boolean }[] };
  t.deepEqual(config.history.filter(({ empty_layer: isEmpty }) => !isEmpty).length, 2);
  // In a store that knows neither: the trees are what the layers say.
  const { code, stdout, stderr } = await bench.here(
    ...[
      'diff',
      '--store',
      join(bench.path, 'other'),
      '--times',
      '--exit-code',
      '--format=json',
      `oci:${plain}`,
      `oci:${one}`,
    ],
  );
  const { files } = JSON.parse(stdout) as { files: unknown };
  t.deepEqual(files, [], stderr);
  t.true(code === 0 || code === 1);
});
