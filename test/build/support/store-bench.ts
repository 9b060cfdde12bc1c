import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeBusyboxRoot, packRoot } from '../../../scripts/busybox-base.ts';
import { varve } from './varve-process.ts';

/** A store on disk that holds a busybox image under the name `base:1`, and what processes left of it. */
export interface StoreBench extends Disposable {
  readonly path: string;
  /** As `--store` takes it. */
  readonly store: string;
  /** A new directory with these files, absolute. */
  directory(name: string, files: Readonly<Record<string, string>>): string;
  /** Mounts, processes and files that are there when no varve runs, and should not be. */
  leftovers(): string[];
}

export async function storeBench(): Promise<StoreBench> {
  const path = mkdtempSync(join(tmpdir(), 'varve-store-'));
  const store = join(path, 'store');
  const bench: StoreBench = {
    path,
    store,
    directory(name, files) {
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name, file)), { recursive: true });
        writeFileSync(join(path, name, file), content);
      }
      return join(path, name);
    },
    leftovers: () => [
      ...readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${store}/`)),
      ...processesOf(store),
      ...readdirSync(join(store, 'v1/tmp')).map((name) => `tmp/${name}`),
      ...readdirSync(join(store, 'v1')).filter((name) => name.endsWith('.tmp')),
    ],
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
  const root = join(path, 'root');
  mkdirSync(root);
  await makeBusyboxRoot(root);
  await packRoot(root, join(path, 'base.tar'));
  await varve('import', '--store', store, join(path, 'base.tar'), 'base:1');
  return bench;
}

/** Processes that name the store in their arguments, or have their root or working directory in it. */
function processesOf(store: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const places = ['root', 'cwd'].map((link) => readlinkSync(`/proc/${pid}/${link}`));
        return [command, ...places].some((text) => text.includes(store)) ? [`process ${pid}: ${command}`] : [];
      } catch {
        return []; // ended meanwhile, or a kernel thread
      }
    });
}
