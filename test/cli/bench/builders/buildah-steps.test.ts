import test from 'ava';
import { buildahSteps } from '../../../../src/cli/bench/builders/buildah-steps.ts';

const ID = 'b7830fefd02a141297ef0ad8ea21e0f36f7b92d960e29721bdfa3068953ecdf2';

test('steps that change files are counted; a hit is what buildah says of the step before it', (t) => {
  const output = `[1/2] STEP 1/4: FROM scratch AS a
[1/2] STEP 2/4: COPY x /x
--> Using cache ${ID}
--> b7830fefd02
[1/2] STEP 3/4: ENV A=b
--> Using cache ${ID}
[1/2] STEP 4/4: RUN echo --> Using cache
--> Using cache
[2/2] STEP 1/2: FROM scratch
[2/2] STEP 2/2: copy --from=a /x /x
--> Cache pulled from remote localhost:5000/c:${ID}
--> Using cache ${ID}
`;
  t.deepEqual(buildahSteps(output), [
    { stage: 'a', title: 'COPY x /x', isHit: true },
    { stage: 'a', title: 'RUN echo --> Using cache', isHit: false },
    { stage: 'stage-1', title: 'copy --from=a /x /x', isHit: true },
  ]);
  t.deepEqual(buildahSteps('STEP 1/2: FROM scratch\nSTEP 2/2: WORKDIR /a\nError: x\n'), [
    { stage: 'stage-0', title: 'WORKDIR /a', isHit: false },
  ]);
});
