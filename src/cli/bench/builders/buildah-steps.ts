/** A step as buildah's output has it. */
export interface BuildahStep {
  readonly stage: string;
  readonly title: string;
  isHit: boolean;
}

/** `[2/3] STEP 4/5: RUN make`; without the brackets where there is one stage. */
const STEP = /^(?:\[(\d+)\/\d+\] )?STEP \d+\/\d+: (.*)$/;
const HIT = /^--> Using cache [0-9a-f]{64}$/;
/** Those that varve counts: instructions that change files. */
const COUNTED = /^(RUN|COPY|ADD|WORKDIR)\s/i;

/** Reads what `buildah build` wrote. A step of which it doesn't say that it used the cache did not. */
export function buildahSteps(output: string): BuildahStep[] {
  const steps: BuildahStep[] = [];
  const names = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, number = '1', title] = STEP.exec(line) ?? [];
    if (title !== undefined) {
      const name = /^FROM\s.*\sAS\s+(\S+)$/i.exec(title)?.[1];
      if (name !== undefined) names.set(number, name);
      steps.push({ stage: names.get(number) ?? `stage-${Number(number) - 1}`, title, isHit: false });
    } else if (HIT.test(line)) {
      const last = steps.at(-1);
      if (last) last.isHit = true;
    }
  }
  return steps.filter(({ title }) => COUNTED.test(title));
}
