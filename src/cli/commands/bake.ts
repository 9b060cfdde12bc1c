import { Command } from 'commander';
import { printSelection } from '../../bake/print-selection.ts';
import { VarveError } from '../../errors.ts';
import { systemClock } from '../../io/clock.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { addBakeFlags, type BakeFlags } from '../bake/bake-flags.ts';
import { checkKubernetesFlags } from '../bake/kubernetes-flags.ts';
import { listBake } from '../bake/list-bake.ts';
import { readBake, remote } from '../bake/read-bake.ts';
import { runBake } from '../bake/run-bake.ts';
import { parseCall } from '../parse-call.ts';

/** `varve bake`. */
export function bakeCommand(run: { readonly signal: AbortSignal; readonly version: string }): Command {
  const command = new Command('bake')
    .description('Build the targets of a bake file or compose file, as one build')
    .argument('[targets...]', 'targets, groups or patterns (default: default)')
    .action(async (targets: string[], flags: BakeFlags) => {
      checkKubernetesFlags(flags);
      const [first = ''] = targets;
      if (/^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(first)) throw remote(first);
      if (flags.affected !== undefined && (flags.print || flags.list !== undefined || flags.metadataFile !== undefined))
        throw new VarveError('USAGE', '--affected builds nothing: not with --print, --list or --metadata-file', {
          exitCode: 2,
        });
      if (flags.print && flags.list !== undefined)
        throw new VarveError('USAGE', '--print and --list are mutually exclusive', { exitCode: 2 });
      if (flags.affected !== undefined && (flags.check || flags.call.method !== 'build'))
        throw new VarveError('USAGE', '--affected and --call are mutually exclusive', { exitCode: 2 });
      const call = flags.check && flags.call.method === 'build' ? parseCall('check') : flags.call;
      const { call: _, ...others } = flags;
      const read = await readBake(
        { ...others, ...(call.method === 'build' ? {} : { call: call.method }) },
        {
          env: process.env,
          directory: process.cwd(),
          stdin: process.stdin,
          clock: systemClock,
          platform: hostPlatform(process.platform, process.arch),
        },
      );
      if (flags.list !== undefined) {
        process.stdout.write(listBake(flags.list, read.config));
        return;
      }
      const selection = read.select(targets);
      if (flags.print) process.stdout.write(`${printSelection(selection)}\n`);
      else await runBake(selection, { ...flags, call }, run);
    });
  return addBakeFlags(command);
}
