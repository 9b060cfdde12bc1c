import test from 'ava';
import { parsePort } from '../../../src/instructions/expose.ts';
import { resolveWorkdir, setVariable, splitEnv } from '../../../src/instructions/stage-state.ts';
import { difference, eachCase, failure, readCorpusFile } from '../../dockerfile/support/corpus.ts';
import { checkText, stagesOf } from '../support/check-text.ts';

const PATHS = 'paths.json';
const BUILDAH = 'copy-destination.json';
const HERE: Readonly<Record<string, string>> = { '{hostOS}': 'linux', '{hostArch}': 'amd64' };

test('EXPOSE', (t) => {
  type Case = { specs: string[]; expect: { ports?: string[]; error?: string | true }; recorded?: { error: string } };
  eachCase<Case>(t, PATHS, 'expose', ({ specs, expect, recorded }) => {
    const ports = () => specs.flatMap(parsePort);
    return expect.error ? failure(ports, recorded?.error ?? expect.error) : difference(ports(), expect.ports);
  });
});

test('WORKDIR', (t) => {
  // The cases of Windows are about drive letters, which no Linux image has.
  type Case = { os: string; current: string; workdir: string; expect: { path?: string; error?: unknown } };
  let count = 0;
  eachCase<Case>(t, PATHS, 'workdir', ({ os, current, workdir, expect }) => {
    if (os !== 'linux') return undefined;
    count++;
    return difference(resolveWorkdir(current, workdir), expect.path);
  });
  if (readCorpusFile(t, PATHS)) t.true(count >= 7, `${count} cases of Linux`);
});

test('variables of an environment', (t) => {
  type Add = { env: string[]; key: string; value: string; expect: string[] };
  eachCase<Add>(t, PATHS, 'add-env', ({ env, key, value, expect }) =>
    difference(
      setVariable(env.map(splitEnv), key, value).map((pair) => `${pair.key}=${pair.value}`),
      expect,
    ),
  );
  eachCase<{ input: string; expect: unknown }>(t, PATHS, 'key-value', ({ input, expect }) =>
    difference(splitEnv(input), expect),
  );
});

/** Cases of a group whose check takes time. */
async function eachLater<T>(
  t: Parameters<typeof eachCase>[0],
  file: string,
  group: string,
  check: (one: T) => Promise<string | undefined>,
): Promise<void> {
  const cases: T[] = [];
  eachCase<T>(t, file, group, (one) => {
    cases.push(one);
    return undefined;
  });
  for (const one of cases) t.is(await check(one), undefined, JSON.stringify(one));
}

test('whole files are accepted or refused', async (t) => {
  type Case = {
    dockerfile: string;
    target: string;
    expect: { ok?: true; error?: string | true; labels?: object };
    recorded?: { error: string };
  };
  await eachLater<Case>(t, PATHS, 'convert', async ({ dockerfile, target, expect, recorded }) => {
    const { error } = await checkText([dockerfile], target === '' ? {} : { target });
    const words = recorded?.error ?? expect.error;
    // What COPY takes from a URL is refused when its sources are looked at.
    if (typeof words === 'string' && !words.includes('URL for COPY')) {
      return error?.message.includes(words) ? undefined : `${error?.message} lacks ${words}`;
    }
    if (expect.ok) return error?.message;
    return undefined;
  });
});

test('what ARG gives in a stage, and in FROM', async (t) => {
  type Scope = {
    dockerfile: string;
    buildArgs: Record<string, string>;
    expect: { stages: { from: string; arguments: string[] }[] };
  };
  await eachLater<Scope>(t, BUILDAH, 'arg-scope', async ({ dockerfile, buildArgs, expect }) => {
    const { plan, stages } = await stagesOf([withoutNumbers(dockerfile)], { buildArgs });
    const froms = plan.stages.map(({ base }) => (base.kind === 'image' ? base.reference : undefined));
    const wrong = expect.stages.flatMap((wanted, i) => {
      const args = argsOf(stages[i]!.state.args);
      const lost = wanted.arguments.filter((one) => !args.includes(one));
      return [...lost, ...(froms[i] === undefined || froms[i] === wanted.from ? [] : [froms[i]])];
    });
    return wrong.length === 0 ? undefined : wrong.join(', ');
  });
  type Value = { dockerfile: string; buildArgs: Record<string, string>; expect: { contains: string } };
  await eachLater<Value>(t, BUILDAH, 'arg-value', async ({ dockerfile, buildArgs, expect }) => {
    const { target } = await stagesOf([dockerfile], { buildArgs });
    return argsOf(target.state.args).includes(expect.contains) ? undefined : argsOf(target.state.args).join();
  });
  type From = { dockerfile: string; buildArgs: Record<string, string>; expect: { from: string } };
  await eachLater<From>(t, BUILDAH, 'arg-in-from', async ({ dockerfile, buildArgs, expect }) => {
    const wanted = expect.from.replace(/\{\w+\}/g, (name) => HERE[name] ?? name);
    if (wanted === '') return (await checkText([dockerfile], { buildArgs })).error ? undefined : 'no error';
    return difference((await stagesOf([dockerfile], { buildArgs })).asked, [wanted]);
  });
});

test('ENV counts for what comes after it', async (t) => {
  type Case = { dockerfile: string; buildArgs: Record<string, string>; expect: { envContains: string[] } };
  await eachLater<Case>(t, BUILDAH, 'env-over-arg', async ({ dockerfile, buildArgs, expect }) => {
    const { target } = await stagesOf([dockerfile], { buildArgs });
    const lost = expect.envContains.filter((one) => !target.state.config.Env?.includes(one));
    return lost.length === 0 ? undefined : lost.join();
  });
});

/** buildah has `FROM 0`; in BuildKit a stage that is built on needs a name. */
function withoutNumbers(dockerfile: string): string {
  if (!/^FROM 0$/m.test(dockerfile)) return dockerfile;
  return dockerfile.replace(/^FROM \S+/, '$& AS zero').replace(/^FROM 0$/m, 'FROM zero');
}

function argsOf(args: readonly { readonly key: string; readonly value?: string }[]): string[] {
  return args.flatMap(({ key, value }) => (value === undefined ? [] : [`${key}=${value}`]));
}
