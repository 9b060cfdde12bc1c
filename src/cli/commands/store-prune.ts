import { Command, Option } from 'commander';
import { type PruneReport, pruneStore } from '../../build/store/prune-store.ts';
import { createStoreServices } from '../../build/store/store-services.ts';
import { parseAge } from '../parse-age.ts';
import { addStoreFlags, type StoreFlags, storeOptions } from '../service-options.ts';
import { formatBytes, parseBytes } from '../sizes.ts';
import { textTable } from '../text-table.ts';

interface PruneFlags extends StoreFlags {
  readonly all?: boolean;
  readonly maxSize?: number;
  readonly keepStorage?: number;
  readonly olderThan?: number;
  readonly until?: number;
  readonly minFree?: number;
  readonly dryRun?: boolean;
  readonly format: 'table' | 'json';
}

/** `varve store prune`. */
export function storePruneCommand(signal: AbortSignal): Command {
  const command = new Command('prune')
    .description(
      'Remove what no record and no image needs, and by the limits given what was used least recently; running builds keep what they need',
    )
    .option('-a, --all', 'also images kept under a name; without a limit, everything that no running build needs')
    .addOption(
      new Option('--max-size <size>', 'until the store takes at most this, such as 10GB')
        .argParser(parseBytes)
        .conflicts('keepStorage'),
    )
    .addOption(new Option('--keep-storage <size>', 'the same as --max-size').argParser(parseBytes))
    .addOption(
      new Option('--older-than <duration>', 'what was not used for so long, such as 48h or 7d')
        .argParser(parseAge)
        .conflicts('until'),
    )
    .addOption(new Option('--until <duration>', 'the same as --older-than').argParser(parseAge))
    .option('--min-free <size>', 'until the file system has this much free', parseBytes)
    .option('--dry-run', 'only say what would go')
    .addOption(new Option('--format <form>', 'how it is said').choices(['table', 'json']).default('table'))
    .action((flags: PruneFlags) => run(flags, signal));
  return addStoreFlags(command);
}

async function run(flags: PruneFlags, signal: AbortSignal): Promise<void> {
  const maxBytes = flags.maxSize ?? flags.keepStorage;
  const olderThan = flags.olderThan ?? flags.until;
  const policy = {
    all: flags.all ?? false,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(olderThan === undefined ? {} : { olderThan }),
    ...(flags.minFree === undefined ? {} : { minFreeBytes: flags.minFree }),
  };
  await using services = await createStoreServices(storeOptions(flags, signal));
  const report = await pruneStore(services, policy, { dryRun: flags.dryRun ?? false });
  process.stdout.write(flags.format === 'json' ? json(report) : text(report, flags.dryRun ?? false));
}

function total({ removed }: PruneReport): number {
  return removed.reduce((sum, { object }) => sum + object.bytes, 0);
}

function json(report: PruneReport): string {
  const list = (items: PruneReport['removed']) =>
    items.map(({ object: { kind, name, bytes, lastUsed }, reason }) => ({
      kind,
      name,
      bytes,
      lastUsed: new Date(lastUsed).toISOString(),
      reason,
    }));
  const { removed, held, rows, treesKept } = report;
  const document = { removed: list(removed), held: list(held), bytes: total(report), rows, treesKept };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function text(report: PruneReport, dryRun: boolean): string {
  const rows = report.removed.map(({ object: { kind, name, bytes, lastUsed }, reason }) => [
    kind,
    name.slice(0, 12),
    formatBytes(bytes),
    new Date(lastUsed).toISOString(),
    reason,
  ]);
  const table = rows.length ? textTable([['KIND', 'NAME', 'SIZE', 'LAST USED', 'REASON'], ...rows], [2]) : '';
  const gone = Object.values(report.rows).reduce((sum, count) => sum + count, 0);
  const notes = [
    `${dryRun ? 'would remove' : 'removed'} ${report.removed.length} things, ${formatBytes(total(report))}`,
    ...(dryRun ? [] : [`${gone} rows left the catalog`]),
    ...(report.held.length ? [`${report.held.length} are needed by builds that began meanwhile`] : []),
    ...(report.treesKept ? ['rows of trees stay while other processes use the store'] : []),
  ];
  return `${table}${notes.join('; ')}\n`;
}
