import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { checkSpec } from './check-spec.ts';
import { requireTool } from './find-tool.ts';
import type { FstabLine } from './fstab.ts';
import type { HostFacts } from './host-facts.ts';
import { launch } from './launch.ts';
import { execMessage, hasStarted, setupError } from './launch-failure.ts';
import type { RungDeps } from './namespaces-rung.ts';
import { ociConfig, ociConfigText } from './oci-config.ts';
import { prepareScratch } from './prepare-scratch.ts';
import type { RunResult, Sandbox } from './sandbox.ts';
import { OCI_SCRIPT } from './sandbox-script.ts';

export type OciRuntime = 'runc' | 'crun';

/** How a runtime begins what it says on stderr, next to its log, when the command cannot be executed. */
const LAUNCHER_PREFIXES: Readonly<Record<OciRuntime, readonly string[]>> = {
  runc: ['runc run failed: ', 'container_linux.go:', 'time="'],
  crun: ['executable file `', 'open executable: ', 'exec the container process', 'crun: '],
};

/** The rung with an OCI runtime, inside mount and pid namespaces of varve's own. See docs/isolation.md. */
export function ociSandbox(deps: RungDeps, runtime: OciRuntime): Sandbox {
  const tool = (name: string): string => requireTool(name, deps.toolPath);
  return {
    rung: 'oci',
    rootfs: ['overlay', 'plain'],
    sharesProcesses: false,
    async run(spec, io): Promise<RunResult> {
      checkSpec(spec, deps.facts);
      const scratch = prepareScratch(spec, deps.facts, 'oci', runtimeLines(runtime, deps.facts));
      mkdirSync(`${scratch}/state`, { mode: 0o700 });
      mkdirSync(`${scratch}/bundle`);
      const config = ociConfig(spec, `${scratch}/rootfs`, deps.facts);
      writeFileSync(`${scratch}/bundle/config.json`, ociConfigText(config), { mode: 0o600 });
      const log = `${scratch}/runtime.log`;
      const result = await launch(
        {
          file: tool('setpriv'),
          args: [
            ...['--pdeathsig', 'KILL', '--', tool('unshare'), '--mount', '--propagation', 'private'],
            ...['--pid', '--fork', '--kill-child=KILL', '--', tool('sh'), '-c', OCI_SCRIPT, 'varve'],
            ...[tool(runtime), '--root', `${scratch}/state`, '--log', log, '--log-format', 'json'],
            ...(runtime === 'runc' ? ['--rootless', 'true'] : ['--cgroup-manager', 'disabled']),
            // The state directory is its own, so any id is unique.
            'run',
            // A container's seccomp profile refuses keyctl(2) to runc; ours does to the command, so it needs no keyring of its own.
            ...(runtime === 'runc' && !spec.privileged ? ['--no-new-keyring'] : []),
            ...['--bundle', `${scratch}/bundle`, 'run'],
          ],
          cwd: scratch,
          env: {
            PATH: deps.toolPath,
            LC_ALL: 'C',
            LIBMOUNT_FORCE_MOUNT2: 'always',
            VARVE_SCRATCH: scratch,
            VARVE_CWD: spec.cwd,
          },
          launcherPrefixes: LAUNCHER_PREFIXES[runtime],
        },
        io,
      );
      if (!hasStarted(scratch)) {
        throw setupError(scratch, 'oci', result.exitCode, result.launcherMessage);
      }
      const failure = result.exitCode === 0 ? undefined : runtimeError(log);
      if (failure === undefined) {
        result.release();
        return { exitCode: result.exitCode, durationMs: result.durationMs };
      }
      const exitCode = execFailure(failure);
      if (exitCode === undefined) throw setupError(scratch, 'oci', result.exitCode, failure);
      io.stderr(execMessage(spec.argv[0] ?? '', exitCode, failure.slice(failure.lastIndexOf(': ') + 2)));
      return { exitCode, durationMs: result.durationMs };
    },
  };
}

/** What a runtime finds around it: /proc of its pid namespace (not named proc: `mount -a` would take it for mounted), no cgroup to join. */
function runtimeLines(runtime: OciRuntime, facts: HostFacts): FstabLine[] {
  const proc = { source: 'runtime-proc', target: '/proc', type: 'proc', options: 'defaults' };
  return [proc, ...hideCgroups(runtime, facts)];
}

/**
 * No cgroup for a RUN: it stays in varve's own, so that limits on varve hold for it and a killed build leaves no
 * directory. runc joins none when it may not (`--rootless true`) and sees read-only ones; crun has a switch for it, but
 * looks at the hierarchy all the same and refuses a hybrid one.
 */
function hideCgroups(runtime: OciRuntime, facts: HostFacts): FstabLine[] {
  if (runtime === 'crun') {
    // Not named tmpfs: `mount -a` takes an equal source for mounted already.
    return [{ source: 'hidden', target: '/sys/fs/cgroup', type: 'tmpfs', options: 'ro,nosuid,nodev,noexec,size=0' }];
  }
  return facts.cgroupMounts.map((target) => ({ source: 'none', target, type: 'none', options: 'remount,bind,ro' }));
}

/** The last error in the runtime's log: JSON lines with `level` and `msg`. It logs none once the command runs. */
function runtimeError(log: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(log, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.trim().split('\n').reverse()) {
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry !== 'object' || entry === null || !('level' in entry) || !('msg' in entry)) continue;
      if (entry.level === 'error' && typeof entry.msg === 'string') return entry.msg;
    } catch {
      // not an entry
    }
  }
  return undefined;
}

/** 127 or 126 when the message is about the command and not about the container. */
function execFailure(message: string): 126 | 127 | undefined {
  if (/executable file .*not found in \$?PATH|exec[^:]*: .*no such file or directory/i.test(message)) return 127;
  if (/exec[^:]*: .*(permission denied|exec format error|is a directory)/i.test(message)) return 126;
  return undefined;
}
