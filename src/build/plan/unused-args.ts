import { isProxyArg } from '../../instructions/build-args.ts';
import type { Plan } from './plan.ts';

/** Names of build arguments that no ARG of the Dockerfile declares; proxies and BUILDKIT_ settings need none. */
export function unusedArgs({ dockerfile, buildArgs }: Plan): string[] {
  const declared = new Set(dockerfile.globals.flatMap(({ args }) => args.map(({ key }) => key)));
  for (const { instructions } of dockerfile.stages) {
    for (const instruction of instructions) {
      if (instruction.kind === 'arg') for (const { key } of instruction.args) declared.add(key);
    }
  }
  return [...buildArgs.keys()].filter(
    (name) => !declared.has(name) && !isProxyArg(name) && !/^(BUILDKIT_|SOURCE_DATE_EPOCH$)/.test(name),
  );
}
