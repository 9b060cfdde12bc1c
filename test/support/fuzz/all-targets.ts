import type { FuzzTarget } from './fuzz-target.ts';
import { answerTargets } from './targets/answers.ts';
import { imageTargets } from './targets/images.ts';
import { layerTargets } from './targets/layers.ts';
import { packageTargets } from './targets/packages.ts';
import { rowTargets } from './targets/rows.ts';
import { textTargets } from './targets/texts.ts';

/** All that reads what others made; dispose of each of them. */
export async function allTargets(): Promise<FuzzTarget[]> {
  return [
    ...layerTargets(),
    ...imageTargets(),
    ...rowTargets(),
    ...packageTargets(),
    ...(await textTargets()),
    ...(await answerTargets()),
  ];
}
