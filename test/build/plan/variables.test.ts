// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfiles
import test from 'ava';
import { checkText, stagesOf } from '../support/check-text.ts';

interface Situation {
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly base?: { readonly config: { readonly Env: string[] } };
}

/** `A=1 B=2` of what the last RUN sees, in the order of the names; without PATH. */
async function seen(lines: readonly string[], situation: Situation = {}): Promise<string> {
  const { target } = await stagesOf([...lines, 'RUN env'], situation);
  const step = target.steps.at(-1);
  if (step?.kind !== 'run') throw new Error('no RUN');
  return step.env
    .filter((entry) => !entry.startsWith('PATH='))
    .sort()
    .join(' ');
}

test('a global ARG is for FROM; a stage takes it over by declaring it', async (t) => {
  t.is(await seen(['ARG a=1', 'FROM image:$a']), '');
  t.is(await seen(['ARG a=1', 'FROM image:$a', 'ARG a']), 'a=1');
  t.deepEqual((await stagesOf(['ARG a=1', 'ARG b=${a}2', 'FROM image:$b'])).asked, ['image:12']);
  t.deepEqual((await stagesOf(['ARG a=1', 'ARG b=${a}2', 'FROM image:$b'], { buildArgs: { a: '7' } })).asked, [
    'image:72',
  ]);
});

test('where the value of an ARG comes from', async (t) => {
  const buildArgs = { a: 'given' };
  t.is(await seen(['ARG a=global', 'FROM scratch', 'ARG a'], { buildArgs }), 'a=given');
  t.is(await seen(['FROM scratch', 'ARG a'], { buildArgs }), 'a=given');
  t.is(await seen(['FROM scratch', 'ARG a']), '');
  t.is(await seen(['FROM scratch', 'ENV a=old', 'ARG a']), 'a=old');
  t.is(await seen(['ARG a=global', 'FROM scratch', 'ARG a=own']), 'a=own');
  t.is(await seen(['ARG a=global', 'FROM scratch', 'ARG a=own'], { buildArgs }), 'a=given');
  t.is(await seen(['FROM scratch', 'ENV b=2', 'ARG a=$b'], {}), 'a=2 b=2');
});

test('a default that is not used may be wrong', async (t) => {
  const lines = ['FROM scratch', 'ARG a=${b:?needed}'];
  t.regex((await checkText(lines)).error?.message ?? '', /b: needed/);
  t.is((await checkText(lines, { buildArgs: { a: '1' } })).error, undefined);
});

test('an ARG counts from its line on, used or not; it is in no config', async (t) => {
  const { target } = await stagesOf(['FROM scratch', 'RUN one', 'ARG a=1', 'RUN two']);
  const [one, two] = target.steps;
  t.false(one?.kind === 'run' && one.env.includes('a=1'));
  t.true(two?.kind === 'run' && two.env.includes('a=1'));
  t.false(target.state.config.Env?.includes('a=1'));
  t.is(target.state.history.at(-1)?.createdBy, 'RUN |1 a=1 /bin/sh -c two # buildkit');
});

test('of ARG and ENV the later one counts', async (t) => {
  t.is(await seen(['FROM scratch', 'ARG a=arg', 'ENV a=env']), 'a=env');
  t.is(await seen(['FROM scratch', 'ENV a=env', 'ARG a=arg']), 'a=arg');
  t.is(await seen(['FROM image', 'ARG a'], { base: { config: { Env: ['a=base'] } } }), 'a=base');
  t.is(await seen(['FROM image', 'ARG a'], { base: { config: { Env: ['a=base'] } }, buildArgs: { a: 'x' } }), 'a=x');
});

test('a stage goes on with the variables of the one that it is FROM', async (t) => {
  t.is(await seen(['FROM scratch AS one', 'ARG a=1', 'ENV b=2', 'FROM one']), 'a=1 b=2');
  t.is(await seen(['FROM scratch AS one', 'ARG a=1', 'ENV b=2', 'FROM scratch']), '');
});

test('proxies need no ARG; they are in no key and no history unless they are declared', async (t) => {
  const buildArgs = { HTTP_PROXY: 'http://p', no_proxy: 'x', OTHER_PROXY: 'y' };
  const { target } = await stagesOf(['FROM scratch', 'RUN x'], { buildArgs });
  const [step] = target.steps;
  if (step?.kind !== 'run') throw new Error('no RUN');
  t.deepEqual([...step.unkeyedEnv].sort(), ['HTTP_PROXY=http://p', 'NO_PROXY=x', 'http_proxy=http://p', 'no_proxy=x']);
  t.false(step.env.some((entry) => /proxy/i.test(entry)));
  t.is(target.state.history.at(-1)?.createdBy, 'RUN /bin/sh -c x # buildkit');
  t.is(await seen(['FROM scratch', 'ARG HTTP_PROXY'], { buildArgs }), 'HTTP_PROXY=http://p');
});

test('automatic arguments are global', async (t) => {
  const names = ['PLATFORM', 'OS', 'OSVERSION', 'ARCH', 'VARIANT'];
  const args = ['TARGET', 'BUILD'].flatMap((prefix) => names.map((name) => `ARG ${prefix}${name}`));
  t.is(
    await seen(['FROM scratch AS last', ...args, 'ARG TARGETSTAGE']),
    [
      ...['BUILDARCH=amd64', 'BUILDOS=linux', 'BUILDOSVERSION=', 'BUILDPLATFORM=linux/amd64', 'BUILDVARIANT='],
      ...['TARGETARCH=amd64', 'TARGETOS=linux', 'TARGETOSVERSION=', 'TARGETPLATFORM=linux/amd64'],
      ...['TARGETSTAGE=last', 'TARGETVARIANT='],
    ].join(' '),
  );
  t.is(await seen(['FROM scratch', 'ARG TARGETSTAGE']), 'TARGETSTAGE=default');
  t.is(await seen(['FROM scratch', 'ENV a=$TARGETOS']), 'a=');
  t.is(await seen(['FROM scratch', 'ARG TARGETARCH'], { buildArgs: { TARGETARCH: 'mine' } }), 'TARGETARCH=mine');
});

test('one environment for each instruction, but ARG sees its own', async (t) => {
  t.is(await seen(['FROM scratch', 'ENV a=1', 'ENV a=2 b=$a']), 'a=2 b=1');
  t.is(await seen(['FROM scratch', 'ARG a=1 b=$a']), 'a=1 b=1');
});

test('what is not expanded', async (t) => {
  const lines = ['FROM scratch', 'ENV a=1', 'RUN $a', 'CMD ["$a"]', 'ENTRYPOINT $a', 'HEALTHCHECK CMD $a'];
  const { state, steps } = (await stagesOf([...lines, 'MAINTAINER $a', 'ONBUILD ENV b=$a', 'SHELL ["$a"]'])).target;
  const [run] = steps;
  t.deepEqual(run?.kind === 'run' && run.argv, ['/bin/sh', '-c', '$a']);
  t.deepEqual(state.config.Entrypoint, ['/bin/sh', '-c', '$a']);
  t.deepEqual(state.config.Healthcheck?.Test, ['CMD-SHELL', '$a']);
  t.deepEqual([state.config.Shell, state.config.OnBuild, state.author], [['$a'], ['ENV b=$a'], '$a']);
  const refused = await checkText([
    'FROM scratch AS a',
    'FROM scratch',
    'ARG s=a',
    'RUN --mount=from=$s,target=/x true',
  ]);
  t.is(refused.error?.location?.start, 4);
});
