/** Bits, byte order, e_machine, and instructions that end a process with code 0. */
interface ElfArchitecture {
  readonly bits: 32 | 64;
  readonly order: 'little' | 'big';
  /** @see https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/elf-em.h */
  readonly machine: number;
  /** Hex of exit(0), in memory order. */
  readonly exit: string;
}

const ARCHITECTURES: ReadonlyMap<string, ElfArchitecture> = new Map(
  Object.entries<ElfArchitecture>({
    386: { bits: 32, order: 'little', machine: 3, exit: 'b80100000031dbcd80' },
    amd64: { bits: 64, order: 'little', machine: 62, exit: 'b83c00000031ff0f05' },
    arm: { bits: 32, order: 'little', machine: 40, exit: '0000a0e30170a0e3000000ef' },
    arm64: { bits: 64, order: 'little', machine: 183, exit: '000080d2a80b80d2010000d4' },
    mips64le: { bits: 64, order: 'little', machine: 8, exit: 'c2130224000004240c000000' },
    ppc64le: { bits: 64, order: 'little', machine: 21, exit: '010000380000603802000044' },
    riscv64: { bits: 64, order: 'little', machine: 243, exit: '130500009308d00573000000' },
    s390x: { bits: 64, order: 'big', machine: 22, exit: 'a72900000a01' },
  }),
);

const BASE_ADDRESS = 0x10000;
const [ET_EXEC, PT_LOAD, READ_EXECUTE] = [2, 1, 5];
/** EF_PPC64_ABI 2, EF_ARM_EABI_VER5, EF_MIPS_ARCH_64R2: what loaders of these want to see in e_flags. */
const FLAGS: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ ppc64le: 2, arm: 0x05000000, mips64le: 0x80000000 }),
);
const PAGE_BYTES = 0x1000;

/**
 * The smallest static program of an architecture: it does nothing and ends with code 0. Undefined for an architecture
 * that varve doesn't know.
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
 */
export function elfProgram(architecture: string): Buffer | undefined {
  const known = ARCHITECTURES.get(architecture);
  if (!known) return undefined;
  const { bits, order, machine } = known;
  const code = Buffer.from(known.exit, 'hex');
  const word = bits / 8;
  const [header, segment] = bits === 64 ? [64, 56] : [52, 32];
  const size = header + segment + code.length;
  const fields: (readonly [value: number, bytes: number])[] = [
    [ET_EXEC, 2],
    [machine, 2],
    [1, 4],
    [BASE_ADDRESS + header + segment, word],
    [header, word],
    [0, word],
    [FLAGS.get(architecture) ?? 0, 4],
    [header, 2],
    [segment, 2],
    [1, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [PT_LOAD, 4],
    ...(bits === 64 ? [[READ_EXECUTE, 4] as const] : []),
    [0, word],
    [BASE_ADDRESS, word],
    [BASE_ADDRESS, word],
    [size, word],
    [size, word],
    ...(bits === 32 ? [[READ_EXECUTE, 4] as const] : []),
    [PAGE_BYTES, word],
  ];
  const identification = Buffer.alloc(16);
  identification.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === 'little' ? 1 : 2, 1]);
  return Buffer.concat([identification, ...fields.map(([value, bytes]) => numberBytes(value, bytes, order)), code]);
}

function numberBytes(value: number, bytes: number, order: 'little' | 'big'): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  const little = buffer.subarray(0, bytes);
  return order === 'little' ? little : little.reverse();
}
