// npm run demo: a Debian base, an image built on it and pushed to a registry, built again, and built after an edit.
// Everything but the Debian base (kept for the next time) is temporary.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBusyboxRoot, packRoot } from './busybox-base.ts';
import { type BuildReport, buildAndPush, VARVE } from './demo/build.ts';
import { debianBase } from './demo/debian-base.ts';
import { stateDirectory } from './demo/state-directory.ts';
import { describeImage, printTable } from './demo/summary.ts';
import { onInterrupt } from './interrupt.ts';
import { startLocalRegistry } from './local-registry.ts';
import { runImage } from './run-image.ts';
import { runProcess } from './run-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

interface Subject {
  readonly tar: string;
  readonly example: string;
  /** What shows that the image works, when its own command doesn't end. */
  readonly argv?: readonly string[];
  /** The one-line edit of the third build. */
  readonly edit: { readonly file: string; readonly from: string; readonly to: string };
}

const EXAMPLES = join(import.meta.dirname, '../examples');

async function demo(signal: AbortSignal): Promise<void> {
  using temporary = temporaryDirectory('varve-demo');
  await using registry = await startLocalRegistry();
  const subject = await chooseSubject(temporary.path, signal);
  const base = `${registry.host}/base:1`;
  const store = join(temporary.path, 'store');
  await runProcess(
    [...VARVE, 'import', `--store=${store}`, `--insecure-registry=${registry.host}`, '--push', subject.tar, base],
    { signal },
  );

  const context = join(temporary.path, 'context');
  cpSync(join(EXAMPLES, subject.example), context, { recursive: true });
  const name = `${subject.example}:1`;
  const build = (title: string): Promise<BuildReport> => {
    console.log(`\n--- ${title}`);
    const scratch = temporary.path;
    return buildAndPush({ store, context, base, registry: registry.host, name, scratch, signal });
  };

  const first = await build('first build');
  const again = await build('again, nothing changed');
  const { file, from, to } = subject.edit;
  const source = readFileSync(join(context, file), 'utf8');
  writeFileSync(join(context, file), source.replace(from, to));
  const edited = await build(`one line of ${file} changed`);

  console.log();
  printTable({ first, again, edited });
  const image = `${registry.host}/${name}`;
  console.log(await describeImage(image));
  const said = await runImage(image, join(temporary.path, 'run'), subject.argv);
  console.log(`runc    of what umoci unpacked, says: ${said.trim()}`);
  if (again.digest !== first.digest) throw new Error('the second build gave another image than the first');
  if (edited.digest === first.digest) throw new Error('the edit did not change the image');
}

async function chooseSubject(directory: string, signal: AbortSignal): Promise<Subject> {
  try {
    console.log('base: a minimal Debian by mmdebstrap (the first time this takes some 20 s)');
    const { tar, description } = await debianBase(stateDirectory(), signal);
    console.log(`base: ${description}, kept in ${tar}`);
    return { tar, example: 'hello', edit: { file: 'hello.c', from: '"Hello"', to: '"Good morning"' } };
  } catch (error) {
    signal.throwIfAborted();
    console.log(`base: mmdebstrap can't make one here: ${error instanceof Error ? error.message : error}`);
  }
  console.log("base: Debian's static busybox instead");
  const root = join(directory, 'root');
  const tar = join(directory, 'busybox.tar');
  mkdirSync(root);
  await makeBusyboxRoot(root);
  await packRoot(root, tar);
  return {
    tar,
    example: 'busybox',
    argv: ['head', '-n', '2', '/site/index.html'],
    edit: { file: 'words.txt', from: 'silt', to: 'gravel' },
  };
}

using interrupt = onInterrupt();
try {
  await demo(interrupt.signal);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  process.exitCode = interrupt.exitCode() ?? 1;
}
