import { DEFAULT_CAPABILITIES } from './capabilities.ts';
import { supplementaryGroups } from './check-spec.ts';
import type { HostFacts } from './host-facts.ts';
import { MASKED_PATHS, READONLY_PATHS } from './proc-masks.ts';
import { RLIM_INFINITY } from './rlimits.ts';
import type { Rlimit, RunSpec } from './sandbox.ts';
import { defaultSeccompProfile } from './seccomp-profile.ts';

/** No JavaScript number holds it: a string until the text is made. */
const UNLIMITED = new RegExp(`"(soft|hard)":"${RLIM_INFINITY}"`, 'g');

/**
 * config.json of the OCI runtime specification 1.0.2 for a RUN. Root file system, /dev, /sys and the RUN's mounts are in
 * place already when the runtime starts (sandbox-script.ts), so that both rungs share that code and paths of any bytes
 * work; left to the runtime are /proc, masks, namespaces, capabilities, seccomp and the user.
 */
export function ociConfig(spec: RunSpec, rootfs: string, facts: HostFacts): object {
  const capabilities = (spec.privileged ? facts.capabilities : DEFAULT_CAPABILITIES).map((name) => `CAP_${name}`);
  const { uid, gid } = spec.user;
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: {
        uid,
        gid,
        umask: 0o022,
        ...(facts.canSetGroups ? { additionalGids: supplementaryGroups(spec.user) } : {}),
      },
      args: spec.argv,
      env: spec.env,
      cwd: spec.cwd,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      // sudo and su must work, as in docker build.
      noNewPrivileges: false,
      ...(spec.rlimits.length > 0 ? { rlimits: spec.rlimits.map(rlimit) } : {}),
    },
    root: { path: rootfs, readonly: false },
    hostname: spec.hostname,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      // A sysfs shows the network of who mounts it, so that of an empty one cannot be there already.
      ...(spec.network === 'none'
        ? [{ destination: '/sys', type: 'sysfs', source: 'sysfs', options: sysOptions(spec) }]
        : []),
      // As a bind it is taken as it is; otherwise the runtime makes its own device nodes. nodev: see prepare-scratch.ts.
      {
        destination: '/dev',
        type: 'bind',
        source: `${rootfs}/dev`,
        options: ['rbind', 'nosuid', ...(spec.privileged ? [] : ['nodev'])],
      },
    ],
    linux: {
      namespaces: [
        { type: 'mount' },
        { type: 'pid' },
        { type: 'uts' },
        { type: 'ipc' },
        ...(spec.network === 'none' ? [{ type: 'network' }] : []),
      ],
      rootfsPropagation: 'private',
      ...(spec.privileged
        ? {}
        : {
            maskedPaths: MASKED_PATHS,
            readonlyPaths: READONLY_PATHS,
            seccomp: defaultSeccompProfile(facts.architecture),
          }),
    },
  };
}

function sysOptions({ privileged }: RunSpec): string[] {
  return ['nosuid', 'noexec', 'nodev', ...(privileged ? [] : ['ro'])];
}

function rlimit({ name, soft, hard }: Rlimit): object {
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: soft ?? RLIM_INFINITY, hard: hard ?? RLIM_INFINITY };
}

/** JSON text of a config. */
export function ociConfigText(config: object): string {
  // Within a string of the config quotes are escaped, so this meets rlimits only.
  return JSON.stringify(config).replaceAll(UNLIMITED, `"$1":${RLIM_INFINITY}`);
}
