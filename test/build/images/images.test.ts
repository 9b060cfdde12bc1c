import test from 'ava';
import { VarveError } from '../../../src/errors.ts';
import type { RegistryClient } from '../../../src/registry/registry-client.ts';
import { buildBench } from '../support/build-bench.ts';

/** A registry that has nothing. */
const nothing: Partial<RegistryClient> = {
  manifest: () =>
    Promise.reject(new VarveError('REGISTRY_NOT_FOUND', 'there is no such image', { hint: 'log in first' })),
  headManifest: async () => undefined,
};

test('an image that cannot be had may be a stage, mistyped', async (t) => {
  const bench = buildBench(t);
  const context = bench.directory('context', { x: '' });
  const hint = async (...lines: string[]): Promise<string | undefined> => {
    const error = await t.throwsAsync(
      bench.build(`${lines.join('\n')}\n`, context, {
        with: ({ registry }) => ({ registry: { ...registry, ...nothing } }),
      }),
      { message: /failed to resolve/ },
    );
    return error instanceof VarveError ? error.hint : undefined;
  };
  const builder = ['FROM scratch AS builder', 'COPY x /', 'FROM scratch'];
  t.is(
    await hint(...builder, 'COPY --from=bulder x /'),
    'did you mean the stage builder?; if it is an image: log in first',
  );
  t.is(await hint(...builder, 'COPY --from=debian x /'), 'log in first');
  t.regex(
    (await hint(...builder, 'RUN --mount=from=Bilder,target=/m true')) ?? '',
    /^did you mean the stage builder\?/,
  );
  t.regex((await hint('FROM scratch AS base', 'FROM bsae')) ?? '', /^did you mean the stage base\?/);
  t.regex(
    (await hint('FROM later', 'FROM scratch AS later', 'COPY --from=0 x /')) ?? '',
    /^the stage later is not there/,
  );
});
