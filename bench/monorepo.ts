import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { outputOf } from '../scripts/run-process.ts';
import { removeTree } from '../scripts/temporary-directory.ts';
import type { Builder } from './builder.ts';
import { against, type Figure, inRounds } from './figures.ts';
import type { Command, Cost } from './measure.ts';
import type { Bench, Scenario } from './scenario.ts';
import { bakeCommand, importImage } from './varve.ts';

const SERVICES = 40;
const PACKAGES = 6;
/** Every fourth service stands on the base `worker`, the others on `runtime`; all are built on `cc`. */
const WORKER_EVERY = 4;
/** Debian's packages in the roots of the bases: a small C compiler, and what its programs need. */
const ROOTS = { 'cc-root': 'tcc,libc6-dev,busybox-static', 'run-root': 'libc6,busybox-static' } as const;

/** The last one whose packages unpack into a root without links from /lib to /usr/lib, which nothing here would make. */
const SUITE = 'bookworm';
const MIRROR = 'http://deb.debian.org/debian';

/** A COPY and a RUN for the package, if it is new; then the source, the program, and the program in its image. */
const STEPS_OF_PACKAGE = 2;
const STEPS_OF_SERVICE = 3;
const STEPS_OF_WORKER = 2;
const dependants = (count: number): number => Math.ceil(SERVICES / count);
/** What has to run when the package 0 is another one, and when a file of the base `worker` is. */
const STEPS_SHARED = STEPS_OF_PACKAGE + dependants(PACKAGES) * STEPS_OF_SERVICE;
const STEPS_BASE = STEPS_OF_WORKER + dependants(WORKER_EVERY);

const UNCHANGED_SECONDS = 3;
const LEAF_SHARE = 0.15;

interface Image {
  readonly name: string;
  readonly dockerfile: string;
  /** Other images of the repository that it stands on. */
  readonly needs: readonly string[];
}

/**
 * A monorepo of 40 services in C, 6 packages that they share and 3 base images, pushed: all of it, again with nothing
 * changed, with one service, one package and one base changed.
 * @param how `bake`: varve bakes it and buildah builds the images one after another; `one-by-one`: varve does that, too
 */
export function monorepo(how: 'bake' | 'one-by-one'): Scenario {
  const name = how === 'bake' ? 'monorepo' : 'monorepo-one-by-one';
  return {
    name,
    what: `${SERVICES} services in C, ${PACKAGES} shared packages, 3 base images, pushed: full, unchanged, one service, one package, one base changed`,
    ...(how === 'bake' ? {} : { builders: ['varve'] }),
    prepare: async (bench) => {
      for (const [root, packages] of Object.entries(ROOTS)) await pushRoot(bench, root, packages);
    },
    run: async (bench, builder, round) => {
      const isBaked = how === 'bake' && builder.name === 'varve';
      const repo = join(bench.disk, `${name}-${builder.name}-repo`);
      const state = join(bench.disk, `${name}-${builder.name}-state`);
      mkdirSync(state);
      // A repository that has nothing, so that the first push sends everything.
      const prefix = `${bench.registry}/${name}-${builder.name}-${round}`;
      const images = writeRepository(repo, prefix, bench.registry);
      const bakeFile = join(repo, 'docker-bake.json');
      writeFileSync(bakeFile, JSON.stringify(bakeTargets(images, repo, prefix)));
      const build = (): Promise<Cost> =>
        bench.measure(
          isBaked ? bakeCommand(bakeFile, state, bench.registry) : oneByOne(builder, images, { repo, prefix, state }),
        );
      const full = await build();
      const unchanged = await build();
      writeFileSync(join(repo, 'services/s1/main.c'), mainOf(1, 'another'));
      const leaf = await build();
      writeFileSync(join(repo, 'packages/p0/p0.c'), packageOf(0, 'another'));
      const shared = await build();
      writeFileSync(join(repo, 'bases/worker/motd'), 'another worker\n');
      const base = await build();
      for (const path of [repo, state]) removeTree(path);
      return { full, unchanged, leaf, shared, base };
    },
    figures: (rounds) => (how === 'bake' ? figuresOf(rounds) : []),
  };
}

function figuresOf(rounds: Parameters<Scenario['figures']>[0]): Figure[] {
  const varve = (value: Parameters<typeof inRounds>[2]) => inRounds(rounds, 'varve', value);
  const steps = (what: string, phase: string, bar: number): Figure => ({
    what: `monorepo: steps that run with ${what}`,
    unit: 'steps',
    bar,
    values: varve((phases) => phases[phase]!.counts!.stepsRun),
  });
  return [
    {
      what: 'monorepo: nothing changed',
      unit: 's',
      bar: UNCHANGED_SECONDS,
      values: varve(({ unchanged }) => unchanged!.wallSeconds),
    },
    {
      what: 'monorepo: one service changed, by the full build',
      unit: 'x',
      bar: LEAF_SHARE,
      values: varve(({ leaf, full }) => leaf!.wallSeconds / full!.wallSeconds),
    },
    steps('nothing changed', 'unchanged', 0),
    steps('one service changed', 'leaf', STEPS_OF_SERVICE),
    steps('one package changed', 'shared', STEPS_SHARED),
    steps('one base changed', 'base', STEPS_BASE),
    { what: 'monorepo: full, by buildah one by one', unit: 'x', bar: 1, values: against(rounds, 'buildah', 'full') },
  ];
}

/** Pushes a root of a few Debian packages, unpacked and not configured: some 20 s for each. */
async function pushRoot(bench: Bench, name: string, packages: string): Promise<void> {
  const work = join(bench.disk, name);
  mkdirSync(work);
  const tar = join(work, 'root.tar');
  await outputOf(['mmdebstrap', '--variant=extract', `--include=${packages}`, SUITE, tar, MIRROR]);
  await bench.measure(importImage(tar, rootName(bench.registry, name), bench.registry, work));
  rmSync(work, { recursive: true });
}

function rootName(registry: string, name: string): string {
  return `${registry}/bench/${name}:1`;
}

/** Writes the repository, and gives its images, those that others stand on first. */
function writeRepository(repo: string, prefix: string, registry: string): readonly Image[] {
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), text);
  };
  // The roots have no shell: nothing in them is configured.
  const shell = 'RUN ["/bin/busybox", "ln", "-s", "busybox", "/bin/sh"]';
  const from = (root: keyof typeof ROOTS): string => `FROM ${rootName(registry, root)}\n${shell}\n`;
  put('bases/cc/Dockerfile', from('cc-root'));
  put('bases/runtime/Dockerfile', from('run-root'));
  put(
    'bases/worker/Dockerfile',
    `FROM ${rootName(registry, 'run-root')}\nCOPY bases/worker/motd /etc/motd\n${shell}\n`,
  );
  put('bases/worker/motd', 'worker\n');
  for (let i = 0; i < PACKAGES; i++) put(`packages/p${i}/p${i}.c`, packageOf(i, 'first'));
  const bases = ['cc', 'runtime', 'worker'].map(
    (name): Image => ({ name, dockerfile: `bases/${name}/Dockerfile`, needs: [] }),
  );
  const services = Array.from({ length: SERVICES }, (_, i): Image => {
    const [name, shared] = [`s${i}`, `p${i % PACKAGES}`];
    const base = i % WORKER_EVERY === 0 ? 'worker' : 'runtime';
    put(`services/${name}/main.c`, mainOf(i, 'first'));
    put(
      `services/${name}/Dockerfile`,
      [
        `FROM ${prefix}/cc:1 AS build`,
        `COPY packages/${shared} /src/`,
        `RUN tcc -c -o /src/${shared}.o /src/${shared}.c`,
        `COPY services/${name}/main.c /src/`,
        `RUN tcc -o /app /src/main.c /src/${shared}.o`,
        `FROM ${prefix}/${base}:1`,
        'COPY --from=build /app /app',
        'CMD ["/app"]',
        '',
      ].join('\n'),
    );
    return { name, dockerfile: `services/${name}/Dockerfile`, needs: ['cc', base] };
  });
  return [...bases, ...services];
}

function packageOf(index: number, text: string): string {
  const squares = Array.from({ length: 200 }, (_, i) => `  n += x * ${i} + ${index};`).join('\n');
  return `const char *p${index}_name(void) { return "${text}"; }\nint p${index}(int x) {\n  int n = 0;\n${squares}\n  return n;\n}\n`;
}

function mainOf(index: number, text: string): string {
  const shared = `p${index % PACKAGES}`;
  return `#include <stdio.h>
extern const char *${shared}_name(void);
extern int ${shared}(int);
int main(void) { return printf("${text} ${index} %s %d\\n", ${shared}_name(), ${shared}(${index})) < 0; }
`;
}

function bakeTargets(images: readonly Image[], repo: string, prefix: string): object {
  const target = Object.fromEntries(
    images.map(({ name, dockerfile, needs }) => [
      name,
      {
        context: repo,
        dockerfile,
        tags: [`${prefix}/${name}:1`],
        contexts: Object.fromEntries(needs.map((other) => [`${prefix}/${other}:1`, `target:${other}`])),
      },
    ]),
  );
  return { group: { default: { targets: images.map(({ name }) => name) } }, target };
}

/** A process for each image, as a script that ends with the first one that fails. */
function oneByOne(
  builder: Builder,
  images: readonly Image[],
  { repo, prefix, state }: { readonly repo: string; readonly prefix: string; readonly state: string },
): Command {
  const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
  const lines = images.map(({ name, dockerfile }) => {
    const task = { context: repo, dockerfile: join(repo, dockerfile), name: `${prefix}/${name}:1`, push: true, state };
    const { argv, env } = builder.build(task);
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    return ['env', ...variables, ...argv].map(quoted).join(' ');
  });
  const script = join(state, 'build.sh');
  writeFileSync(script, ['set -e', ...lines, ''].join('\n'));
  return { argv: ['sh', script], env: {} };
}
