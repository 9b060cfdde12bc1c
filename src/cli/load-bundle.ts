import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { lazyModule } from './lazy-module.ts';

/** What the chunk of `varve.ts` exports. */
export interface Bundle {
  varve(): Promise<void>;
}

/** The chunk that is evaluated first. */
export const FIRST_CHUNK = './varve.js';
/** The files with chunks, the one that every build needs first. */
const PACKS = ['varve.cjs', 'more.cjs'];

/** What a process may well end without; together 60 ms. */
const LAZY = ['child_process', 'dns', 'net', 'tls', 'worker_threads', 'zlib'].map((name) => `node:${name}`);
const LAZY_PACKAGES = ['koffi', 'xxhash-addon'];

type Exports = Record<string, unknown>;
type Module = (exports: Exports, require: unknown, module: { exports: Exports }) => void;

export interface Loader {
  /** Evaluates a chunk (`./varve.js`), a file (`./undici.cjs`), or what Node finds by the name; each once. */
  load(name: string): unknown;
  /** Of the files that were read. */
  readonly scripts: ReadonlyMap<string, Script>;
}

/** Where the code lies that V8 made of a file when it was built. It lies beside it: who may write it may write both. */
export function codeCachePath(file: string): string {
  return `${file}.code`;
}

/**
 * Loads CommonJS files with V8's code cache, which V8 refuses when it is of another version, or there is none: then it
 * compiles. What is read takes time (25 ms a MB), so what few commands need is in a file of its own.
 * https://nodejs.org/api/vm.html#scriptcreatecacheddata
 * @param directory absolute; its files are ASCII
 * @param scripts those that an earlier loader of the process read
 */
export function createLoader(directory: string, scripts = new Map<string, Script>()): Loader {
  const requireHere = createRequire(join(directory, 'main.cjs'));
  const loaded = new Map<string, { exports: Exports }>();
  const require = Object.assign(load, { resolve: requireHere.resolve });

  function load(name: string): unknown {
    if (!name.startsWith('./'))
      return LAZY.includes(name) || LAZY_PACKAGES.includes(name)
        ? lazyModule(() => requireHere(name) as object)
        : requireHere(name);
    const before = loaded.get(name);
    if (before) return before.exports;
    const module = { exports: {} };
    loaded.set(name, module);
    moduleOf(name)(module.exports, require, module);
    return module.exports;
  }

  function moduleOf(name: string): Module {
    if (name.endsWith('.cjs')) {
      const path = join(directory, name);
      const evaluate = scriptOf(path).runInThisContext();
      return (exports, require, module) => evaluate(exports, require, module, path, dirname(path));
    }
    for (const pack of PACKS) {
      const chunk = (load(`./${pack}`) as Record<string, Module>)[name];
      if (chunk) return chunk;
    }
    throw new Error(`${name} is in none of ${PACKS.join(', ')}`);
  }

  function scriptOf(path: string): Script {
    const before = scripts.get(path);
    if (before) return before;
    const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'latin1')}\n})`;
    const cachedData = readIfThere(codeCachePath(path));
    const script = new Script(source, { filename: path, ...(cachedData ? { cachedData } : {}) });
    scripts.set(path, script);
    return script;
  }

  return { load, scripts };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
