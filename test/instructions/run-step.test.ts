import test from 'ava';
import { dispatchText } from '../build/support/dispatch-text.ts';

const hostname = async (name: string): Promise<unknown> => {
  const { steps } = await dispatchText(['FROM image', 'RUN x'], { args: { BUILDKIT_SANDBOX_HOSTNAME: name } });
  return steps[0]?.kind === 'run' && steps[0].hostname;
};

test('the hostname is one, or it is refused', async (t) => {
  t.is(await hostname(''), 'buildkitsandbox');
  for (const name of ['a', 'build-1.example_x', '9', 'x'.repeat(64)]) t.is(await hostname(name), name);
  for (const name of ['a b', 'a\t127.0.0.1', 'a\nb', '-a', '.', 'é', 'x'.repeat(65)])
    await t.throwsAsync(hostname(name), { code: 'USAGE', message: /BUILDKIT_SANDBOX_HOSTNAME=/ }, name);
});
