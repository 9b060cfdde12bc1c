import { formatPlatform, type Platform } from '../oci/platform.ts';

export interface BuildPlatforms {
  /** Where varve runs. */
  readonly build: Platform;
  /** What the image is for. */
  readonly target: Platform;
  /** Name of the stage that is built; `default` when it has none. */
  readonly targetStage: string;
}

/** Usable in RUN without ARG; out of history and keys unless declared. @see Dockerfile reference, "Predefined ARGs" */
const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** The automatic arguments of the global scope. @see Dockerfile reference, "Automatic platform ARGs in the global scope" */
export function platformArgs({ build, target, targetStage }: BuildPlatforms): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ['BUILD', build],
    ['TARGET', target],
  ] as const) {
    args.set(`${prefix}PLATFORM`, formatPlatform(platform));
    args.set(`${prefix}OS`, platform.os);
    args.set(`${prefix}OSVERSION`, platform['os.version'] ?? '');
    args.set(`${prefix}ARCH`, platform.architecture);
    args.set(`${prefix}VARIANT`, platform.variant ?? '');
  }
  args.set('TARGETSTAGE', targetStage);
  return args;
}

export function isProxyArg(name: string): boolean {
  return PROXY_NAMES.includes(name.toUpperCase()) && (name === name.toUpperCase() || name === name.toLowerCase());
}

/** The proxy variables among the build arguments, which RUN gets without ARG, in both cases as BuildKit gives them. */
export function proxyVariables(buildArgs: ReadonlyMap<string, string>): [name: string, value: string][] {
  const variables = new Map<string, string>();
  for (const [name, value] of buildArgs) {
    if (!isProxyArg(name)) continue;
    for (const other of [name.toUpperCase(), name.toLowerCase()]) {
      if (other === name || !buildArgs.has(other)) variables.set(other, value);
    }
  }
  return [...variables];
}
