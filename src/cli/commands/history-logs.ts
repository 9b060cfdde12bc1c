import { Command, Option } from 'commander';
import type { BuildRecord } from '../../build/explain/build-record.ts';
import { findLog, type StepLog } from '../../build/explain/step-logs.ts';
import { VarveError } from '../../errors.ts';
import { findBuild } from '../find-build.ts';
import { openHistory } from '../open-history.ts';
import { cleanLine, oneLine } from '../progress/clean-output.ts';
import { addStoreFlags, type StoreFlags } from '../service-options.ts';

interface LogsFlags extends StoreFlags {
  readonly format: 'text' | 'json';
}

/** `varve history logs`. */
export function historyLogsCommand(signal: AbortSignal): Command {
  const command = new Command('logs')
    .description("Print what a build's commands wrote; of a step that hit what it wrote when it was done")
    .argument('[build]', 'the id of a build, or how it begins (default: the last one)')
    .argument('[step]', "a step's number as in varve history show (default: all that have output)")
    .addOption(new Option('--format <form>', 'how it is said').choices(['text', 'json']).default('text'))
    .action(async (wanted: string | undefined, step: string | undefined, flags: LogsFlags) => {
      await using opened = await openHistory(flags, signal);
      const { builds, services } = opened;
      const build = findBuild(wanted, builds);
      const logs: { step: BuildRecord['steps'][number]; log: StepLog }[] = [];
      for (const each of wantedSteps(build, step)) {
        const log = await findLog(build, each, { builds, catalog: services.store.catalog });
        if (log) logs.push({ step: each, log });
      }
      if (flags.format === 'json') {
        const lines = logs.map(({ step: { id, stage, title }, log }) => ({
          id,
          stage,
          title,
          build: log.build,
          log: log.text,
        }));
        process.stdout.write(`${JSON.stringify(lines, undefined, 2)}\n`);
        return;
      }
      for (const { step: of, log } of logs) {
        const from = log.build === build.id ? '' : `, from build ${log.build}`;
        process.stdout.write(`--- ${of.id} [${oneLine(of.stage)}] ${oneLine(of.title)}${from}\n${plainText(log.text)}`);
      }
    });
  return addStoreFlags(command);
}

function wantedSteps({ id, steps }: BuildRecord, wanted: string | undefined): readonly BuildRecord['steps'][number][] {
  if (wanted === undefined) return steps;
  const found = steps.filter((step) => step.id === wanted);
  if (found.length) return found;
  throw new VarveError('STEP_UNKNOWN', `build ${id} has no step ${JSON.stringify(wanted)}`, {
    hint: `varve history show ${id} lists them`,
  });
}

/** As a terminal only shows it, also where this is none. */
function plainText(text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line) => `${cleanLine(line)}\n`).join('');
}
