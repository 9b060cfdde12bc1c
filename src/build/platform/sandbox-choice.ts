import * as z from 'zod';
import type { Store } from '../../cas/store.ts';
import { VarveError } from '../../errors.ts';
import type { Log } from '../../io/log.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { choiceFacts } from '../../sandbox/choice-facts.ts';
import { type ChosenSandbox, chooseSandbox, type Isolation, sandboxOf } from '../../sandbox/choose-sandbox.ts';
import type { ProbeDeps } from '../../sandbox/probe-rungs.ts';
import { RUNGS } from '../../sandbox/sandbox.ts';

/** How RUN is isolated: found when the first RUN really runs, and remembered in the store. */
export interface SandboxChoice {
  /** @throws VarveError `NO_SANDBOX` */
  get(): Promise<ChosenSandbox>;
  /**
   * A sandbox failed before its command began.
   * @returns true when it was only remembered: then it is forgotten, and get() tries anew
   */
  doubt(failed: ChosenSandbox, error: unknown): Promise<boolean>;
}

export interface SandboxChoiceDeps extends Omit<ProbeDeps, 'scratch'> {
  readonly isolation: Isolation;
  readonly store: Pick<Store, 'catalog' | 'makeTemp' | 'path'>;
  readonly log: Log;
}

const choiceSchema = z.object({
  rung: z.enum(RUNGS),
  runtime: z.enum(['runc', 'crun']).optional(),
  rootfs: z.enum(['overlay', 'plain']),
  detail: z.string(),
});
/** The sandbox failed, and no command has begun. */
const BEFORE_COMMAND: ReadonlySet<string> = new Set(['SANDBOX_SETUP', 'SANDBOX_TOOL', 'SANDBOX_START']);

/**
 * Trying costs as much as a RUN. What is remembered is the best there is only: a lesser sandbox is looked for each time,
 * for what kept the better one from working may be mended.
 */
export function createSandboxChoice(deps: SandboxChoiceDeps): SandboxChoice {
  const { store, log, isolation } = deps;
  const { catalog } = store;
  const remembered = new WeakSet<ChosenSandbox>();
  let current: Promise<ChosenSandbox> | undefined;

  const rowKey = (): string => {
    const facts = [isolation, deps.rootfs ?? 'auto', choiceFacts({ ...deps, scratch: store.path })];
    return `sandbox/${digestHex(digestOf(JSON.stringify(facts)))}`;
  };

  const recall = async (key: string): Promise<ChosenSandbox | undefined> => {
    const found = readChoice(await catalog.get('history', key));
    if (!found) return undefined;
    const { rung, runtime, rootfs, detail } = found;
    const sandbox = sandboxOf(rung, runtime, deps);
    const chosen = { sandbox, rootfs, reports: [{ rung: sandbox.rung, works: true, detail }] };
    remembered.add(chosen);
    log.debug(`rung ${sandbox.rung}: worked last time: ${detail}`);
    return chosen;
  };

  const tryOut = async (key: string): Promise<ChosenSandbox> => {
    const temp = await store.makeTemp('probe');
    try {
      const chosen = await chooseSandbox(isolation, { ...deps, scratch: temp.path });
      const { reports, sandbox, rootfs, runtime } = chosen;
      for (const { rung, works, detail } of reports)
        log.debug(`rung ${rung}: ${works ? 'works' : 'refused'}: ${detail}`);
      if (reports.length === 1 && rootfs === sandbox.rootfs[0]) {
        const value = Buffer.from(JSON.stringify({ rung: sandbox.rung, runtime, rootfs, detail: reports[0]!.detail }));
        await catalog.write([{ type: 'put', space: 'history', key, value }]);
      }
      return chosen;
    } finally {
      temp.release();
    }
  };

  const choose = async (): Promise<ChosenSandbox> => {
    const key = rowKey();
    return (await recall(key)) ?? (await tryOut(key));
  };

  return {
    get() {
      current ??= choose();
      return current;
    },
    async doubt(failed, error) {
      if (!(error instanceof VarveError) || !BEFORE_COMMAND.has(error.code) || !remembered.has(failed)) return false;
      // Of several steps that failed with it the first one forgets it; all of them try again.
      if ((await current) === failed) {
        current = undefined;
        await catalog.write([{ type: 'del', space: 'history', key: rowKey() }]);
        log.debug(`rung ${failed.sandbox.rung}: no longer works: ${error.message}`);
      }
      return true;
    },
  };
}

function readChoice(row: Buffer | undefined): z.infer<typeof choiceSchema> | undefined {
  if (!row) return undefined;
  try {
    return choiceSchema.safeParse(JSON.parse(row.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
