import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { lazyModule } from './lazy-module.ts';

/** What the bundle of `varve.ts` exports. */
export interface Bundle {
  varve(): Promise<void>;
}

export interface LoadedBundle {
  readonly script: Script;
  /** Evaluates it, anew with each call. */
  evaluate(): unknown;
}

/** What a process may well end without; together 60 ms. */
const LAZY = ['child_process', 'dns', 'net', 'tls', 'worker_threads', 'zlib'].map((name) => `node:${name}`);
const LAZY_PACKAGES = ['koffi', 'xxhash-addon'];

/** Where the code lies that V8 made of a bundle when it was built. It lies beside it: who may write it may write both. */
export function codeCachePath(bundle: string): string {
  return `${bundle}.code`;
}

/**
 * Loads a CommonJS bundle with V8's code cache, which V8 refuses when it is of another version, or there is none: then it
 * compiles. What the bundle requires by a relative name is a bundle, too.
 * https://nodejs.org/api/vm.html#scriptcreatecacheddata
 * @param path absolute; the file is ASCII
 */
export function loadBundle(path: string): LoadedBundle {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'latin1')}\n})`;
  const cachedData = readIfThere(codeCachePath(path));
  const script = new Script(source, { filename: path, ...(cachedData ? { cachedData } : {}) });
  const requireHere = createRequire(path);
  const load = (name: string): unknown => {
    if (name.startsWith('./')) return loadBundle(join(dirname(path), name)).evaluate();
    return LAZY.includes(name) || LAZY_PACKAGES.includes(name)
      ? lazyModule(() => requireHere(name) as object)
      : requireHere(name);
  };
  return {
    script,
    evaluate() {
      const module = { exports: {} };
      const require = Object.assign(load, { resolve: requireHere.resolve });
      script.runInThisContext()(module.exports, require, module, path, dirname(path));
      return module.exports;
    },
  };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
