import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import { makeBusyboxRoot, packRoot } from '../../../scripts/busybox-base.ts';
import { temporaryDirectory } from '../../../scripts/temporary-directory.ts';
import { runHere } from './run-here.ts';

/** The program. */
export const VARVE = join(import.meta.dirname, '../../../bin/varve');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a user starts it, with a store and a base image of the test's own. */
export interface CliBench {
  readonly path: string;
  /** The store, which every command is given. */
  readonly store: string;
  directory(name: string, files: Readonly<Record<string, string>>): string;
  /** The first argument is the command, which may be of two words. */
  varve(...args: string[]): Promise<Outcome>;
  /** The same in this process: see runHere(). */
  here(...args: string[]): Promise<Outcome>;
  /** The same with these environment variables besides. */
  with(env: Readonly<Record<string, string>>): Pick<CliBench, 'varve' | 'here' | 'start'>;
  /** A varve that goes on while the test does something else; `ended` settles with it. */
  start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Outcome> };
  /** Imports Debian's busybox as an image of this name. */
  importBusybox(name: string): Promise<void>;
  /** What builds leave in the store when they don't clean up: mounts, and temporary directories. */
  leftovers(): { readonly mounts: readonly string[]; readonly temps: readonly string[] };
}

export function cliBench(t: ExecutionContext): CliBench {
  const temp = temporaryDirectory('varve-cli');
  t.teardown(() => temp[Symbol.dispose]());
  const store = join(temp.path, 'store');
  // The same wherever the tests run.
  const plain = { VARVE_CONFIG: '', GITHUB_ACTIONS: '', GITLAB_CI: '', BUILDKIT_PROGRESS: 'plain' };
  const startWith = (env: NodeJS.ProcessEnv, command = '', ...args: string[]): ReturnType<CliBench['start']> => {
    const child = spawn(VARVE, [...command.split(' '), '--store', store, ...args], {
      env: { ...process.env, ...plain, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outputs = [text(child.stdout), text(child.stderr)];
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', async (code, signal) => {
        const [stdout, stderr] = await Promise.all(outputs);
        resolve({ code, signal, stdout: stdout!, stderr: stderr! });
      });
    });
    return { child, ended };
  };
  const start: CliBench['start'] = (...args) => startWith({}, ...args);
  const hereWith = (env: Readonly<Record<string, string>>, command = '', ...args: string[]): Promise<Outcome> =>
    runHere([...command.split(' '), '--store', store, ...args], { ...plain, ...env });
  const bench: CliBench = {
    path: temp.path,
    store,
    start,
    here: (...args) => hereWith({}, ...args),
    with: (env) => ({
      start: (...args) => startWith(env, ...args),
      varve: (...args) => startWith(env, ...args).ended,
      here: (...args) => hereWith(env, ...args),
    }),
    varve: (...args) => start(...args).ended,
    directory(name, files) {
      const directory = join(temp.path, name);
      mkdirSync(directory, { recursive: true });
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        writeFileSync(join(directory, file), content);
      }
      return directory;
    },
    async importBusybox(name) {
      const [root, tar] = [join(temp.path, 'busybox'), join(temp.path, 'busybox.tar')];
      await makeBusyboxRoot(root);
      await packRoot(root, tar);
      const { code, stderr } = await bench.varve('import', tar, name);
      if (code !== 0) throw new Error(stderr);
    },
    leftovers: () => ({
      mounts: readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(store)),
      temps: readdirSync(join(store, 'v1/tmp')),
    }),
  };
  return bench;
}
