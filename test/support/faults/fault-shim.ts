import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the shim tells apart: calls on files, and `net` on sockets. */
export type FaultKind = 'write' | 'sync' | 'rename' | 'make' | 'remove' | 'read' | 'net';

/** What calls of a varve meet, from the Nth of a kind on (see fault-shim.c). */
export type ShimFault =
  | { readonly verb: 'kill' | 'half'; readonly kind: FaultKind; readonly at: number }
  | { readonly verb: 'errno' | 'delay'; readonly kind: FaultKind; readonly at: number; readonly argument: number }
  | { readonly verb: 'back'; readonly kind: 'clock'; readonly at: number; readonly argument: number };

/** A library that is preloaded into node, and nothing of varve itself. */
export interface FaultShim {
  /** The environment of a varve that meets it. @param below files elsewhere don't count */
  environment(fault: ShimFault | undefined, below: string, countsFile?: string): Record<string, string>;
}

/** Whether there is a C compiler, without which there is no shim. */
export function hasCompiler(): boolean {
  return ['/usr/bin/cc', '/usr/bin/gcc', '/usr/local/bin/cc'].some((path) => existsSync(path));
}

/** @param directory where the library is written */
export function compileFaultShim(directory: string): FaultShim {
  const library = join(directory, 'fault-shim.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'fault-shim.c'), '-ldl']);
  return {
    environment: (fault, below, countsFile) => ({
      LD_PRELOAD: library,
      FAULT_BELOW: below,
      ...(fault ? { FAULT: faultText(fault) } : {}),
      ...(countsFile === undefined ? {} : { FAULT_COUNTS: countsFile }),
    }),
  };
}

export function faultText(fault: ShimFault): string {
  return `${fault.verb}:${fault.kind}:${fault.at}${'argument' in fault ? `:${fault.argument}` : ''}`;
}

/** What a varve that ended regularly wrote to its counts file. */
export function readCounts(file: string): Map<string, number> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
}
