import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { startRegistry } from '../../support/registry.ts';
import { type BuildOptions, type Built, buildBench } from '../support/build-bench.ts';

/** A base in a registry, and a store that knows the base's tree and has none of its bytes. */
async function knownBase(t: ExecutionContext) {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const bench = buildBench(t);
  const name = `${registry.host}/base:1`;
  const base = bench.directory('base', {
    'etc/passwd': 'root:x:0:0::/root:/bin/sh\napp:x:5:6::/:/bin/sh\n',
    'etc/group': 'app:x:6:\n',
    'app/old': 'old',
    'app/large': Buffer.alloc(2_000_000, 'x'),
    'app/gone/file': 'x',
  });
  const push = async (image: Built['image'], services: Parameters<NonNullable<BuildOptions['inspect']>>[1]) =>
    exportImage(
      { images: [{ platform: services.platform, image }] },
      {
        outputs: [{ type: 'registry', names: [] }],
        tags: [parseReference(name)],
        stdout: process.stdout,
        isRoot: true,
      },
      services,
    );
  const more = { insecureRegistry: registry.host };
  const made = await bench.build('FROM scratch\nCOPY . /\n', base, { ...more, store: 'other', inspect: push });
  const digest = made.image.layers[0]!.descriptor.digest;
  const context = bench.directory('context', { a: 'a', b: 'b' });
  const first = await bench.build(`FROM ${name}\nCOPY a /app/\n`, context, {
    ...more,
    inspect: (_, { store }) => store.blobs.delete(digest),
  });
  t.is(pulls(first), 1); // its tree had to be read
  return {
    unpacked: () => readdirSync(join(bench.path, 'store/v1/layers')).length,
    build: (lines: string) => bench.build(`FROM ${name}\n${lines}\n`, context, more),
  };
}

const pulls = ({ events, image }: Built) =>
  events.filter(
    (event) =>
      event.type === 'transfer' &&
      event.state === 'started' &&
      image.layers.some(({ descriptor }) => descriptor.digest === event.digest),
  ).length;

const NOTHING_NEEDED: readonly (readonly [title: string, lines: string])[] = [
  ['COPY of a new file', 'COPY b /new/'],
  ['COPY over a file', 'COPY b /app/old'],
  ['COPY over a large file', 'COPY b /app/large'],
  ['COPY beside the files of a directory', 'COPY . /app'],
  ['COPY --link', 'COPY --link b /app/old'],
  ['COPY with an owner by number', 'COPY --chown=5:6 b /app/'],
  ['COPY with a mode', 'COPY --chmod=600 b /app/'],
  ['WORKDIR that is there', 'WORKDIR /app\nCOPY b .'],
  ['WORKDIR that is new', 'WORKDIR /new/dir\nCOPY b .'],
  ['WORKDIR of a user by number', 'USER 5:6\nWORKDIR /new\nCOPY b .'],
  ['WORKDIR of root', 'USER root\nWORKDIR /new\nCOPY b .'],
  ['ADD of a file', 'ADD b /app/'],
  ['a heredoc', 'COPY <<E /app/heredoc\ntext\nE'],
  ['metadata only', 'ENV A=b\nUSER app\nCMD ["x"]'],
];

test('what changes a base by trees opens none of its layers', async (t) => {
  const known = await knownBase(t);
  for (const [title, lines] of NOTHING_NEEDED) {
    t.is(pulls(await known.build(lines)), 0, title);
    t.is(known.unpacked(), 0, title);
  }
});

test('a name that the base explains, or a file that is copied from it, unpacks the layer that has it', async (t) => {
  const known = await knownBase(t);
  t.is(pulls(await known.build('COPY --chown=app b /app/')), 1);
  t.is(known.unpacked(), 1);
});
