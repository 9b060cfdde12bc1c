import { Command, Option } from 'commander';
import { createStoreServices } from '../../build/store/store-services.ts';
import { type VerifyReport, verifyStore } from '../../build/store/verify-store.ts';
import { addStoreFlags, type StoreFlags, storeOptions } from '../service-options.ts';

interface VerifyFlags extends StoreFlags {
  readonly repair?: boolean;
  readonly format: 'text' | 'json';
}

/** `varve store verify`. */
export function storeVerifyCommand(signal: AbortSignal): Command {
  const command = new Command('verify')
    .description('Hash every blob, compare every unpacked layer, follow every row; exit with 1 when something is wrong')
    .option('--repair', 'drop what is damaged, so that the next build makes or pulls it again')
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (flags: VerifyFlags) => {
      await using services = await createStoreServices(storeOptions(flags, signal));
      const report = await verifyStore(services, { repair: flags.repair ?? false });
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : text(report));
      if (report.damages.length > 0) process.exitCode = 1;
    });
  return addStoreFlags(command);
}

function text({ damages, checked, unknownLayers }: VerifyReport): string {
  const lines = damages.map(({ kind, name, problem, repaired }) => {
    const done = repaired === undefined ? '' : repaired ? ': dropped' : ': in use, not dropped';
    return `${kind} ${name}: ${problem}${done}`;
  });
  const counts = Object.entries(checked).map(([kind, count]) => `${kind} ${count}`);
  const unknown = unknownLayers ? `; ${unknownLayers} unpacked layers belong to nothing (store prune takes them)` : '';
  const result = damages.length === 0 ? 'the store is whole' : `${damages.length} damaged`;
  return `${[...lines, `${result} (${counts.join(', ')})${unknown}`].join('\n')}\n`;
}
