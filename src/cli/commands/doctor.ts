import { Command, Option } from 'commander';
import { type DoctorFlags, diagnose, probeMounting } from '../diagnose.ts';
import { doctorText } from '../doctor-text.ts';
import { addStoreFlags } from '../service-options.ts';

/** `varve doctor`. */
export function doctorCommand(signal: AbortSignal): Command {
  const command = new Command('doctor')
    .description('Say how RUN can be isolated here, why not better, and what to change')
    .option('--json', 'as JSON')
    .addOption(new Option('--inside').hideHelp())
    .action(async (flags: DoctorFlags) => {
      if (flags.inside) {
        process.stdout.write(JSON.stringify(await probeMounting(flags, signal)));
        return;
      }
      const diagnosis = await diagnose(flags, signal);
      process.stdout.write(flags.json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : doctorText(diagnosis));
      process.exitCode = diagnosis.auto === null ? 1 : 0;
    });
  return addStoreFlags(command);
}
