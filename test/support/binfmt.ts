import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

const BINFMT = '/proc/sys/fs/binfmt_misc';
const QEMU = '/usr/bin/qemu-aarch64-static';
/** What an arm64 executable begins with, and which bits of it count: those of Debian's qemu-user-static. */
const MAGIC = '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00';
const MASK = '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff';

/** This machine's handlers, where a test may add one of its own for arm64. */
export interface BinfmtBench {
  readonly interpreter: string;
  /** Registers the emulator for the whole machine until it is disposed. */
  register(flags: 'F' | ''): Disposable;
}

/** Undefined, and why, where the machine has no binfmt_misc, no emulator, or a handler for arm64 already. */
export function openBinfmt(): (BinfmtBench & Disposable) | string {
  if (process.arch !== 'x64') return 'arm64 is foreign on amd64 only';
  if (process.getuid?.() !== 0) return 'only root registers handlers';
  if (!existsSync(QEMU)) return `${QEMU} is missing`;
  const isOurs = !existsSync(`${BINFMT}/register`);
  try {
    if (isOurs) execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT], { stdio: 'pipe' });
  } catch (error) {
    return `binfmt_misc cannot be mounted: ${(error as Error).message}`;
  }
  const unmount = (): void => void (isOurs && execFileSync('umount', [BINFMT]));
  if (readdirSync(BINFMT).some((name) => /aarch64|rosetta/.test(name))) {
    unmount();
    return 'the machine has a handler for arm64 of its own';
  }
  return {
    interpreter: QEMU,
    register(flags) {
      const name = `varve-test-aarch64-${process.pid}`;
      writeFileSync(`${BINFMT}/register`, `:${name}:M::${MAGIC}:${MASK}:${QEMU}:${flags}`);
      return { [Symbol.dispose]: () => writeFileSync(`${BINFMT}/${name}`, '-1') };
    },
    [Symbol.dispose]: unmount,
  };
}
