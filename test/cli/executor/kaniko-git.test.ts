import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeGitRepository, startGitServer } from '../../support/git-server.ts';
import { type CliBench, cliBench } from '../support/cli-bench.ts';

const TOKEN = `Basic ${Buffer.from('the-token:').toString('base64')}`;
const DOCKERFILE = 'FROM scratch\nCOPY . /in/\n';

/** The files of the image that an executor made of a git context. */
async function build(t: ExecutionContext, bench: CliBench, ...args: string[]): Promise<string> {
  const archive = join(bench.path, `${Math.random()}.tar`);
  const env = bench.with({ GIT_PULL_METHOD: 'http', GIT_TOKEN: 'the-token', GIT_USERNAME: 'nobody' });
  const { code, stderr } = await env.varve('executor', '--no-push', '-d', 'x/y:1', '--tar-path', archive, ...args);
  if (code !== 0) t.fail(stderr);
  const root = `${archive}-root`;
  mkdirSync(root);
  execFileSync('tar', ['xf', archive, '-C', root]);
  const [{ Layers: layers }] = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as [{ Layers: string[] }];
  for (const layer of layers) execFileSync('tar', ['xf', join(root, layer), '-C', root]);
  return root;
}

test('git:// is a repository over https with a token: branch, commit, pull request, directory; .git and .dockerignore count', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  await using server = await startGitServer((authorization) => authorization === TOKEN);
  const repository = makeGitRepository(server.directory, 'app.git');
  const first = repository.commit({ Dockerfile: DOCKERFILE, which: 'first', left: 'x', '.dockerignore': 'left\n' });
  repository.git('update-ref', 'refs/pull/7/head', first);
  repository.commit({ which: 'second', 'sub/Dockerfile': DOCKERFILE, 'sub/which': 'below' });
  const at = (fragment: string): string[] => ['-c', `git://${server.host}/app.git${fragment}`];
  const whichOf = (root: string): string => readFileSync(join(root, 'in/which'), 'utf8');

  const main = await build(t, bench, ...at('#refs/heads/main'));
  t.is(whichOf(main), 'second');
  t.false(existsSync(join(main, 'in/left')));
  t.true(existsSync(join(main, 'in/.git/HEAD')), 'as kaniko clones it there');
  t.is(whichOf(await build(t, bench, ...at(`#refs/heads/main#${first}`))), 'first');
  t.is(whichOf(await build(t, bench, ...at('#refs/pull/7/head'))), 'first');
  const below = await build(t, bench, ...at(''), '--git=branch=main', '--git', 'depth=1', '--context-sub-path=sub');
  t.is(whichOf(below), 'below');
  t.true(server.authorizations.every((header) => header === undefined || header === TOKEN));
});
