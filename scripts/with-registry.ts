// node scripts/with-registry.ts COMMAND [ARGUMENT…]: runs a command beside a fresh registry; its host is in $REGISTRY and
// takes the place of {registry} in the arguments.
import { onInterrupt } from './interrupt.ts';
import { startLocalRegistry } from './local-registry.ts';
import { runProcess } from './run-process.ts';

const argv = process.argv.slice(2);
if (argv.length === 0) {
  console.error('usage: with-registry.ts COMMAND [ARGUMENT…]');
  process.exit(2);
}

using interrupt = onInterrupt();
try {
  await using registry = await startLocalRegistry();
  await runProcess(
    argv.map((word) => word.replaceAll('{registry}', registry.host)),
    { env: { ...process.env, REGISTRY: registry.host }, signal: interrupt.signal },
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = interrupt.exitCode() ?? 1;
}
