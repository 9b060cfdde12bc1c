import { Command, Option } from 'commander';
import { createStoreServices } from '../../build/store/store-services.ts';
import { type StoreUsage, storeUsage } from '../../build/store/store-usage.ts';
import { addStoreFlags, type StoreFlags, storeOptions } from '../service-options.ts';
import { formatBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';

interface DuFlags extends StoreFlags {
  readonly format: 'table' | 'json';
}

/** `varve store du`. */
export function storeDuCommand(signal: AbortSignal): Command {
  const command = new Command('du')
    .description('Say what the store holds, and how much of it could go')
    .addOption(new Option('--format <form>', 'how it is said').choices(['table', 'json']).default('table'))
    .action(async (flags: DuFlags) => {
      await using services = await createStoreServices(storeOptions(flags, signal));
      const usage = await storeUsage(services);
      process.stdout.write(flags.format === 'json' ? `${JSON.stringify(usage, undefined, 2)}\n` : table(usage));
    });
  return addStoreFlags(command);
}

const KINDS = [
  ['blobs', 'blobs'],
  ['layers', 'unpacked layers'],
  ['mounts', 'cache mounts'],
  ['git', 'git repositories'],
  ['catalog', 'catalog (rows)'],
  ['temp', 'temporary (processes)'],
] as const;

function table(usage: StoreUsage): string {
  const rows = KINDS.map(([kind, title]) => {
    const { count, bytes, reclaimable } = usage[kind];
    return [title, String(count), formatBytes(bytes), formatBytes(reclaimable)];
  });
  const sum = (field: 'bytes' | 'reclaimable') => KINDS.reduce((total, [kind]) => total + usage[kind][field], 0);
  const total = ['total', '', formatBytes(sum('bytes')), formatBytes(sum('reclaimable'))];
  return textTable([['KIND', 'NUMBER', 'SIZE', 'RECLAIMABLE'], ...rows, total], [1, 2, 3]);
}
