import { writeFileSync } from 'node:fs';
import { capabilityNumbers, DEFAULT_CAPABILITIES } from './capabilities.ts';
import { supplementaryGroups } from './check-spec.ts';
import type { HostFacts } from './host-facts.ts';
import { launch } from './launch.ts';
import { execMessage, hasStarted, setupError } from './launch-failure.ts';
import { resourceLimits } from './rlimits.ts';
import type { KeeperJob } from './run-keeper.ts';
import type { Rung, RunIo, RunResult, RunSpec } from './sandbox.ts';

/** The command line that runs a script with a Node: the program, and what stands before Node's own arguments. */
export type NodeCommand = readonly [file: string, ...args: string[]];

/** How a keeper (run-keeper.ts) begins what it says of itself, and of a command that cannot be executed. */
const KEEPER = 'varve-keeper: ';
const ENTER = 'varve-enter: ';

/**
 * Runs the command of a spec under a keeper, a Node of its own.
 * @param how.root what becomes the command's root, if anything
 * @param how.refused capabilities of the default set that the command is not to have
 * @param how.keepers has the keeper's pid while it runs
 * @throws VarveError `SANDBOX_SETUP`, `CANCELLED`
 */
export async function runByKeeper(
  spec: RunSpec,
  io: RunIo,
  how: {
    readonly rung: Rung;
    readonly node: NodeCommand;
    readonly facts: HostFacts;
    readonly root?: string;
    readonly refused?: readonly string[];
    readonly keepers?: Set<number>;
  },
): Promise<RunResult> {
  const { facts, rung } = how;
  const { scratch } = spec;
  const kept = DEFAULT_CAPABILITIES.filter((name) => !how.refused?.includes(name));
  const job: KeeperJob = {
    parent: process.pid,
    ...(how.root === undefined ? {} : { root: how.root }),
    cwd: spec.cwd,
    env: spec.env,
    argv: spec.argv,
    credentials: {
      uid: spec.user.uid,
      gid: spec.user.gid,
      groups: facts.canSetGroups ? supplementaryGroups(spec.user) : undefined,
      // Without it the bounding set stays as it is: docs/isolation.md says what that means.
      dropped: facts.effective.includes('SETPCAP')
        ? capabilityNumbers(facts.capabilities.filter((name) => !kept.includes(name)))
        : [],
    },
    limits: resourceLimits(spec.rlimits),
    started: `${scratch}/started`,
  };
  const file = `${scratch}/keeper.json`;
  writeFileSync(file, JSON.stringify(job), { mode: 0o600 });
  const [program, ...before] = how.node;
  const result = await launch(
    {
      file: program,
      args: [...before, ...keeperArguments(file)],
      cwd: scratch,
      env: {},
      launcherPrefixes: [KEEPER, ENTER],
      isKeeper: true,
      watch: (pid, state) => void (state === 'running' ? how.keepers?.add(pid) : how.keepers?.delete(pid)),
    },
    io,
  );
  const message = result.launcherMessage;
  if (!hasStarted(scratch)) throw setupError(scratch, rung, result.exitCode, message?.replace(KEEPER, ''));
  if (message?.startsWith(KEEPER)) throw setupError(scratch, rung, result.exitCode, message.slice(KEEPER.length));
  if (message !== undefined)
    io.stderr(execMessage(spec.argv[0] ?? '', result.exitCode, message.slice(message.lastIndexOf(': ') + 2)));
  return { exitCode: result.exitCode, durationMs: result.durationMs };
}

function keeperArguments(jobFile: string): string[] {
  const self = import.meta.url;
  // By its folder: the bundle is one folder's file (scripts/bundle.ts).
  const module = new URL(`../sandbox/run-keeper.${self.endsWith('.ts') ? 'ts' : 'js'}`, self).href;
  const program = `import { keepRun } from ${JSON.stringify(module)}; process.exit(await keepRun(${JSON.stringify(jobFile)}));`;
  return ['--no-warnings', '--input-type=module', '--eval', program];
}
