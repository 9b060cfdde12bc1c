// node scripts/image.ts [--base NAME] [--debug] [--dest FILE] [--tag NAME]: builds varve's image with varve and checks it. The base is
// made by mmdebstrap when none is named. --stage DIR only writes what the Dockerfile copies as the named context `package`.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { debianBase } from './demo/debian-base.ts';
import { stateDirectory } from './demo/state-directory.ts';
import { checkImage } from './image/check-image.ts';
import { stagePackage } from './image/stage-package.ts';
import { onInterrupt } from './interrupt.ts';
import { runProcess } from './run-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What Debian's slim image leaves out, too. */
const SLIM = ['doc', 'man', 'locale', 'info'].map((name) => `path-exclude=/usr/share/${name}/*`);
const ROOT = join(import.meta.dirname, '..');

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    debug: { type: 'boolean', default: false },
    dest: { type: 'string' },
    tag: { type: 'string', default: 'varve:latest' },
    stage: { type: 'string' },
  },
});

using interrupt = onInterrupt();
const { signal } = interrupt;
try {
  if (values.stage === undefined) await build();
  else await stagePackage(ROOT, values.stage, signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = interrupt.exitCode() ?? 1;
}

async function build(): Promise<void> {
  using temp = temporaryDirectory('varve-image');
  const [staged, layout] = [join(temp.path, 'package'), join(temp.path, 'layout')];
  await stagePackage(ROOT, staged, signal);
  const state = stateDirectory();
  const store = ['--store', join(state, 'image-store')];
  const varve = (...args: string[]) => runProcess([join(ROOT, 'bin/varve'), ...args], { signal });
  const base = values.base ?? (await localBase(state, (tar, name) => varve('import', ...store, tar, name)));
  const target = values.debug ? 'debug' : 'default';
  await varve(
    ...['build', ...store, '--build-arg', `BASE=${base}`, '--build-context', `package=${staged}`, '--target', target],
    ...['--tag', values.tag, '--output', `type=oci,tar=false,dest=${layout}`, join(ROOT, 'image')],
  );
  const bytes = await checkImage({ layout, place: join(temp.path, 'check'), isDebug: values.debug });
  console.log(
    `${target}: ${Math.round(bytes / 1e6)} MB compressed; executor version, and builds as root and as uid 1000: good`,
  );
  if (values.dest !== undefined) cpSync(layout, values.dest, { recursive: true });
}

/** A minimal Debian of the packages that this machine can reach, for where no registry is. */
async function localBase(state: string, load: (tar: string, name: string) => Promise<unknown>): Promise<string> {
  const { tar, description } = await debianBase(state, signal, SLIM);
  console.log(`base: ${description}`);
  const name = 'localhost/debian:slim';
  await load(tar, name);
  return name;
}
