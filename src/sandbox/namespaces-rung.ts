import { symlinkSync, writeFileSync } from 'node:fs';
import { boundingSetArgument } from './capabilities.ts';
import { checkSpec, supplementaryGroups } from './check-spec.ts';
import type { EnterRootJob } from './enter-root.ts';
import { requireTool } from './find-tool.ts';
import type { HostFacts } from './host-facts.ts';
import { launch } from './launch.ts';
import { execMessage, hasStarted, setupError } from './launch-failure.ts';
import { prepareScratch } from './prepare-scratch.ts';
import { RLIM_INFINITY } from './rlimits.ts';
import type { RunResult, RunSpec, Sandbox } from './sandbox.ts';
import { NAMESPACES_INNER_SCRIPT, NAMESPACES_OUTER_SCRIPT, WAIT_SCRIPT } from './sandbox-script.ts';

export interface RungDeps {
  /** Where to look for host programs, colon-separated. */
  readonly toolPath: string;
  readonly facts: HostFacts;
  /** `process.execPath`. */
  readonly node: string;
  /** Why varve is in no user namespace of its own though it has no CAP_SYS_ADMIN; undefined when it needs none. */
  readonly noUserNamespace?: string | undefined;
  readonly inPlace?: InPlaceDeps | undefined;
}

/** What the rung in-place needs besides. */
export interface InPlaceDeps {
  /** Why it must not run here; undefined in a container, or when it was forced. */
  readonly refusal: string | undefined;
  /** A Node that starts whatever the root directory has by then. */
  ownNode(): readonly [file: string, ...args: string[]];
}

/** Names under which setpriv and unshare run, so that their messages cannot be taken for the command's. */
const DROP = 'varve-drop';
const ENTER = 'varve-enter';
const LIMIT = 'varve-limit';

/**
 * Variables that a dynamic loader or libc acts upon (ld.so(8), musl's dynlink.c). unshare is a program of the host that
 * has the RUN's environment already: with these, an image could make it load the image's own code before the chroot.
 */
const LOADER_VARIABLE = /^(LD_|GLIBC_|GCONV_PATH=|LOCPATH=|NLSPATH=|MALLOC_|MUSL_LOCPATH=|LANGUAGE=|TEXTDOMAIN)/;

/** The rung without an OCI runtime: util-linux only. docs/isolation.md has the whole picture. */
export function namespacesSandbox(deps: RungDeps): Sandbox {
  const tool = (name: string): string => requireTool(name, deps.toolPath);
  return {
    rung: 'namespaces',
    rootfs: ['overlay', 'plain'],
    // In one user namespace with equal capabilities, and with the machine's /proc, ptrace(2) allows it.
    sharesProcesses: deps.facts.inUserNamespace && !deps.facts.isProcWhole,
    async run(spec, io): Promise<RunResult> {
      checkSpec(spec, deps.facts);
      const unshare = tool('unshare');
      const sh = tool('sh');
      const scratch = prepareScratch(spec, deps.facts, 'namespaces');
      symlinkSync(tool('setpriv'), `${scratch}/${DROP}`);
      symlinkSync(unshare, `${scratch}/${ENTER}`);
      if (spec.rlimits.length > 0) symlinkSync(tool('prlimit'), `${scratch}/${LIMIT}`);
      const namespaces = ['--mount', '--uts', '--ipc', ...(spec.network === 'none' ? ['--net'] : [])];
      const result = await launch(
        {
          file: tool('setpriv'),
          args: [
            ...['--pdeathsig', 'KILL', '--', unshare, ...namespaces, '--propagation', 'private'],
            ...['--pid', '--fork', '--kill-child=KILL', '--', sh, '-c', NAMESPACES_OUTER_SCRIPT, 'varve'],
            // A second pid namespace for the command alone: it is pid 1 there, and may change its credentials.
            ...[unshare, '--pid', '--', sh, '-c', WAIT_SCRIPT, 'varve', sh, '-c', NAMESPACES_INNER_SCRIPT, 'varve'],
            ...enterCommand(spec, scratch, deps, tool('env')),
          ],
          cwd: scratch,
          env: {
            PATH: deps.toolPath,
            LC_ALL: 'C',
            // util-linux 2.39 and newer: fsconfig(2) takes no option longer than 255 bytes.
            LIBMOUNT_FORCE_MOUNT2: 'always',
            VARVE_SCRATCH: scratch,
            VARVE_HOSTNAME: spec.hostname,
            VARVE_NETWORK: spec.network,
            VARVE_CWD: spec.cwd,
          },
          launcherPrefixes: [`${DROP}: `, `${ENTER}: `, `${LIMIT}: `],
        },
        io,
      );
      if (!hasStarted(scratch)) {
        throw setupError(scratch, 'namespaces', result.exitCode, result.launcherMessage);
      }
      const message = result.launcherMessage;
      if (message !== undefined) {
        if (result.exitCode === 126 || result.exitCode === 127) {
          const detail = message.slice(message.lastIndexOf(': ') + 2);
          io.stderr(execMessage(spec.argv[0] ?? '', result.exitCode, detail));
        } else {
          throw setupError(scratch, 'namespaces', result.exitCode, message);
        }
      }
      return { exitCode: result.exitCode, durationMs: result.durationMs };
    },
  };
}

/** What the inner script executes with the overlay as working directory and the host's root still in place. */
function enterCommand(spec: RunSpec, scratch: string, deps: RungDeps, env: string): string[] {
  const { uid, gid } = spec.user;
  const groupOptions = deps.facts.canSetGroups
    ? [`--regid=${gid}`, `--groups=${supplementaryGroups(spec.user).join(',')}`]
    : [];
  const capabilities = spec.privileged ? [] : [`--bounding-set=${boundingSetArgument()}`, '--inh-caps=-all'];
  const drop = [...limitCommand(spec, scratch), `${scratch}/${DROP}`, ...capabilities, ...groupOptions, '--'];
  if (spec.hasSecretEnv || spec.env.some((variable) => LOADER_VARIABLE.test(variable))) {
    return [...drop, deps.node, ...enterRootArguments(spec, scratch)];
  }
  const enter = [`${scratch}/${ENTER}`, '-R', '.', '-w', spec.cwd, ...(uid === 0 ? [] : ['-S', String(uid)]), '--'];
  return [...drop, env, '-i', '--', ...spec.env, ...enter, ...spec.argv];
}

/** Sets rlimits, while there are still the capabilities to raise them. */
function limitCommand({ rlimits }: RunSpec, scratch: string): string[] {
  if (rlimits.length === 0) return [];
  const text = (limit: number | undefined): string => (limit === undefined ? 'unlimited' : String(limit));
  return [`${scratch}/${LIMIT}`, ...rlimits.map(({ name, soft, hard }) => `--${name}=${text(soft)}:${text(hard)}`)];
}

/** The slow way in (60 ms more): a Node of our own that gives the environment to the command only. */
function enterRootArguments(spec: RunSpec, scratch: string): string[] {
  const nofile = spec.rlimits.find(({ name }) => name === 'nofile');
  const limit = (value: number | undefined): string => (value === undefined ? RLIM_INFINITY : String(value));
  const job: EnterRootJob = {
    uid: spec.user.uid,
    cwd: spec.cwd,
    env: spec.env,
    argv: spec.argv,
    ...(nofile ? { openFiles: [limit(nofile.soft), limit(nofile.hard)] } : {}),
  };
  const file = `${scratch}/enter-root.json`;
  writeFileSync(file, JSON.stringify(job), { mode: 0o600 });
  const self = import.meta.url;
  const module = new URL(`../sandbox/enter-root.${self.endsWith('.ts') ? 'ts' : 'js'}`, self).href;
  const program = `import { enterRoot } from ${JSON.stringify(module)}; process.exitCode = enterRoot(${JSON.stringify(file)});`;
  return ['--no-warnings', '--input-type=module', '--eval', program];
}
