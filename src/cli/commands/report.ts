import { Command } from 'commander';
import { findBuild } from '../find-build.ts';
import { openHistory } from '../open-history.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface ReportFlags extends StoreFlags {
  readonly output?: string;
}

/** `varve report`. */
export function reportCommand(signal: AbortSignal): Command {
  const command = new Command('report')
    .description('Write a page about a build: its steps in time, hits and misses and why, what fills its layers')
    .argument('[build]', 'the id of a build, or how it begins (default: the last one)')
    .option('-o, --output <path>', 'where to write it, - for standard output (default: varve-ID.html)')
    .action(async (wanted: string | undefined, flags: ReportFlags) => {
      await using opened = await openHistory(flags, signal);
      const { builds, services, history } = opened;
      const build = findBuild(wanted, builds);
      const path = flags.output ?? `varve-${build.id}.html`;
      const { writeReport } = await import('../report/write-report.ts');
      await writeReport(path, build, builds, { ...services, history });
      if (path !== '-') process.stdout.write(`${path}\n`);
    });
  return addStoreFlags(command);
}
