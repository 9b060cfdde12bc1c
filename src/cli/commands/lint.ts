import { Command, Option } from 'commander';
import { createServices } from '../../build/create-services.ts';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../../instructions/run-settings.ts';
import { answerCall } from '../answer-call.ts';
import type { BuildFlags } from '../build-flags.ts';
import { checkedRequest } from '../build-request.ts';
import type { CallFormat } from '../parse-call.ts';
import { printAnswer } from '../print-answer.ts';
import { repeated } from '../repeated.ts';
import { addCommonFlags, type CommonFlags, serviceOptions } from '../service-options.ts';

interface LintFlags
  extends CommonFlags,
    Pick<BuildFlags, 'file' | 'target' | 'platform' | 'buildArg' | 'buildContext'> {
  readonly format: CallFormat;
}

/** Nothing is run, so what a RUN may do is no question. */
const ALL_ALLOWED: RunSettings = {
  ...DEFAULT_RUN_SETTINGS,
  allowed: new Set(['network.host', 'security.insecure'] as const),
};

/** `varve lint`. */
export function lintCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('lint')
    .description("Check a Dockerfile by BuildKit's rules; ends with 1 when one is broken")
    .argument('[context]', 'as for varve build', '.')
    .option('-f, --file <path>', 'the Dockerfile (default: CONTEXT/Dockerfile)')
    .option('--target <stage>', 'check only what this stage needs (default: every stage)')
    .option('--build-arg <key=value>', 'value of an ARG (repeatable)', repeated, [])
    .option('--build-context <name=source>', 'as for varve build (repeatable)', repeated, [])
    .option('--platform <os/arch>', "the image's platform (repeatable; default: this machine's)", repeated, [])
    .addOption(new Option('--format <format>', 'how findings are printed').choices(['text', 'json']).default('text'))
    .action((context: string, flags: LintFlags) => run(context, flags, signal, version));
  return addCommonFlags(command);
}

/** A base image that cannot be reached is no reason not to check the rest. */
async function run(context: string, flags: LintFlags, signal: AbortSignal, version: string): Promise<void> {
  const options = serviceOptions(flags, { version, signal });
  const request = {
    ...(await checkedRequest(context, flags, {
      platform: options.platform,
      env: process.env,
      stdin: process.stdin,
      signal,
    })),
    run: ALL_ALLOWED,
  };
  const call = { method: 'check', format: flags.format, ignoreStatus: false } as const;
  printAnswer(await answerCall(call, request, () => createServices(options), 'allow'), call);
}
