import { readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { findTool } from './find-tool.ts';
import type { RungDeps } from './namespaces-rung.ts';

/** Programs that a sandbox starts. */
const TOOLS = ['runc', 'crun', 'setpriv', 'unshare', 'sh', 'mount', 'umount', 'cp', 'env'];
/** Lines of /proc/self/status that say what the process may do: ids, capabilities, filters. */
const STATUS = /^(Uid|Gid|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp):.*$/gm;

/**
 * What decides which sandbox works, as far as it can be read without trying one: while it is the same, a sandbox that worked
 * works. It is not all (a limit of the kernel may have been lowered), so a failure asks for another trial.
 * @param deps.scratch on the store's filesystem
 */
export function choiceFacts({ toolPath, node, facts, scratch }: RungDeps & { readonly scratch: string }): unknown {
  return {
    kernel: [release(), read('/proc/sys/kernel/random/boot_id')],
    process: [read('/proc/self/status').match(STATUS), read('/proc/self/uid_map'), read('/proc/self/attr/current')],
    facts,
    device: statSync(scratch).dev,
    tools: [node, ...TOOLS.map((name) => findTool(name, toolPath))].map(fileFacts),
  };
}

/** A program that was installed anew is another one. */
function fileFacts(path: string | undefined): unknown {
  if (path === undefined) return 'absent';
  const { dev, ino, size, ctimeMs } = statSync(path);
  return [path, dev, ino, size, ctimeMs];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
