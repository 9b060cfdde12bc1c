import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSandboxChoice, type SandboxChoice } from '../../../src/build/platform/sandbox-choice.ts';
import type { Services } from '../../../src/build/services.ts';
import { VarveError } from '../../../src/errors.ts';
import { rungDeps, TOOL_PATH } from '../../sandbox/support/sandbox-bench.ts';
import { onBothRungs } from '../support/run-bench.ts';

/** How often a program was started, with a wrapper before it in the path. */
function countedTool(directory: string, name: string) {
  const calls = join(directory, `${name}.calls`);
  const real = TOOL_PATH.split(':').find((place) => existsSync(`${place}/${name}`));
  writeFileSync(join(directory, name), `#!/bin/sh\necho >> ${calls}\nexec ${real}/${name} "$@"\n`);
  chmodSync(join(directory, name), 0o755);
  return () => (existsSync(calls) ? readFileSync(calls, 'utf8').length : 0);
}

const DOCKERFILE = (command: string): string => `FROM busybox\nRUN ${command}\n`;

onBothRungs('the second process starts no sandbox to find out whether it works', async (t, bench) => {
  const tools = bench.directory('tools', {});
  const unshared = countedTool(tools, 'unshare');
  // namespaces: one for each of the two pid namespaces, and the link to it that enters the root.
  const each = t.title.startsWith('namespaces') ? 3 : 1;
  const isolation = t.title.startsWith('namespaces') ? 'namespaces' : 'oci';
  const withTools = (services: Services): Partial<Services> => ({
    sandbox: createSandboxChoice({
      ...rungDeps(`${tools}:${TOOL_PATH}`),
      isolation,
      store: services.store,
      log: services.log,
    }),
  });
  await bench.run(DOCKERFILE('echo one'), { with: withTools });
  t.is(unshared(), 2 * each, 'a trial and the RUN');
  await bench.run(DOCKERFILE('echo two'), { with: withTools });
  t.is(unshared(), 3 * each, 'the RUN');
  // Another program under the name: what worked with the old one says nothing.
  appendFileSync(join(tools, 'unshare'), '# changed\n');
  await bench.run(DOCKERFILE('echo three'), { with: withTools });
  t.is(unshared(), 5 * each, 'a trial and the RUN');
});

onBothRungs('a sandbox that worked once and fails now is tried anew, and the step with it', async (t, bench) => {
  const trials: string[] = [];
  const failing = (services: Services): Partial<Services> => {
    const { sandbox } = services;
    let failures = 0;
    const broken: SandboxChoice = {
      async get() {
        const chosen = await sandbox.get();
        if (failures > 0) return chosen;
        // As the choice itself gives it, so that doubt() knows it; what fails is its run.
        chosen.sandbox.run = async () => {
          failures++;
          throw new VarveError('SANDBOX_SETUP', 'the machine has changed');
        };
        return chosen;
      },
      async doubt(chosen, error) {
        const isDoubted = await sandbox.doubt(chosen, error);
        trials.push(`${isDoubted}`);
        return isDoubted;
      },
    };
    return { sandbox: broken };
  };
  t.is((await bench.fail(DOCKERFILE('echo first'), { with: failing })).code, 'SANDBOX_SETUP', 'it was tried just now');
  t.is((await bench.run(DOCKERFILE('echo again'), { with: failing })).stdout, 'again\n');
  t.deepEqual(trials, ['false', 'true']);
});
