import * as z from 'zod';
import { VarveError } from '../errors.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions */
export const platformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
});

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
}

/** GOOS and GOARCH, as containerd's isKnownOS and isKnownArch. @see containerd/platforms database.go */
const SYSTEMS: ReadonlySet<string> = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  ),
);
const ARCHITECTURES: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ' +
    'ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

const ARCHITECTURE_ALIASES: ReadonlyMap<string, readonly [string, string?]> = new Map(
  Object.entries<readonly [string, string?]>({
    i386: ['386'],
    x86_64: ['amd64'],
    'x86-64': ['amd64'],
    aarch64: ['arm64'],
    armhf: ['arm', 'v7'],
    armel: ['arm', 'v6'],
  }),
);

/**
 * Canonical form, as containerd's platforms.Normalize: aliases resolved, arm64/v8 and amd64/v1 without variant, arm with one.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const [architecture, aliasVariant] = ARCHITECTURE_ALIASES.get(given) ?? [given];
  let variant = platform.variant?.toLowerCase() || aliasVariant;
  if (architecture === 'arm64' && (variant === '8' || variant === 'v8')) variant = undefined;
  if (architecture === 'amd64' && variant === 'v1') variant = undefined;
  if (architecture === 'arm') variant = variant ? (/^\d$/.test(variant) ? `v${variant}` : variant) : 'v7';
  const osVersion = platform['os.version'];
  return {
    os: os === 'macos' ? 'darwin' : os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(osVersion ? { 'os.version': osVersion } : {}),
  };
}

/**
 * Reads `os/arch[/variant]`, or an architecture alone, which is Linux's.
 * @throws VarveError `PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  return readPlatform(text, undefined);
}

/**
 * The same, and an os alone has this machine's architecture, as in containerd's platforms.Parse.
 * @throws VarveError `PLATFORM_INVALID`
 */
export function parsePlatformOn(machine: Platform, text: string): Platform {
  return readPlatform(text, machine);
}

function readPlatform(text: string, machine: Platform | undefined): Platform {
  const parts = text.split('/');
  const [first = '', second, variant] = parts;
  const refuse = (why: string): VarveError =>
    new VarveError('PLATFORM_INVALID', `platform ${JSON.stringify(text)} ${why}`, {
      hint: 'for example linux/amd64 or linux/arm/v7',
    });
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part)))
    throw refuse('is not of the form os/arch or os/arch/variant');
  if (second !== undefined)
    return normalizePlatform({ os: first, architecture: second, ...(variant ? { variant } : {}) });
  const alone = normalizePlatform({ os: first, architecture: first });
  if (machine && SYSTEMS.has(alone.os)) return normalizePlatform({ ...machine, os: alone.os });
  if (ARCHITECTURES.has(alone.architecture)) return { ...alone, os: 'linux' };
  throw refuse(SYSTEMS.has(alone.os) ? 'has no architecture' : 'is no os, no architecture, nor os/arch[/variant]');
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalizePlatform(platform);
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** Whether both name the same os, architecture and variant. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(a) === formatPlatform(b);
}

/** The platform of the process given by Node's `process.platform` and `process.arch` names. */
export function hostPlatform(nodePlatform: string, nodeArch: string): Platform {
  const architecture = { x64: 'amd64', ia32: '386' }[nodeArch] ?? nodeArch;
  return normalizePlatform({ os: nodePlatform, architecture });
}
