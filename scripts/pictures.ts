// node scripts/pictures.ts: makes docs/pictures anew from a build: the terminal while it runs (tmux), and its report (Chromium).
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { makeBusyboxRoot, packRoot } from './busybox-base.ts';
import { terminalSvg } from './pictures/terminal-svg.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const VARVE = join(import.meta.dirname, '../bin/varve');
const PICTURES = join(import.meta.dirname, '../docs/pictures');
const [COLUMNS, ROWS] = [100, 24];
const BASE = 'localhost/busybox:1';
const PATIENCE_MS = 240_000;

const FILES: Readonly<Record<string, string>> = {
  Dockerfile: `FROM ${BASE} AS deps
WORKDIR /app
COPY words.lock .
RUN sort -u words.lock > installed

FROM deps AS site
COPY src src
RUN for i in 1 2 3 4 5 6; do echo "page $i of 6"; sleep 2; done; cat src/* > site.html

FROM deps AS checked
COPY src src
RUN for i in 1 2 3 4; do echo "checked $i of 4"; sleep 4; done; wc src/* > words

FROM ${BASE}
COPY --from=site /app/site.html /
COPY --from=checked /app/words /
CMD ["cat", "/site.html"]
`,
  'words.lock': 'plum\napple\n',
  'src/a.html': '<p>One</p>\n',
};

using temp = temporaryDirectory('varve-pictures');
const file = (name: string): string => join(temp.path, name);
mkdirSync(file('app/src'), { recursive: true });
mkdirSync(PICTURES, { recursive: true });
for (const [name, text] of Object.entries(FILES)) writeFileSync(file(`app/${name}`), text);
await makeBusyboxRoot(file('root'));
await packRoot(file('root'), file('base.tar'));
const store = `--store=${file('store')}`;
execFileSync(VARVE, ['import', store, file('base.tar'), BASE]);
execFileSync(VARVE, ['build', store, '--tag', 'app:1', '--progress=quiet', file('app')]);
// What is pictured is the second build, after an edit.
writeFileSync(file('app/src/a.html'), '<p>Two</p>\n');

const tmux = (...args: string[]): string =>
  execFileSync('tmux', ['-S', file('tmux'), '-f', '/dev/null', ...args], { encoding: 'utf8' });
const command = `'${VARVE}' build ${store} --tag app:2 --report '${file('report.html')}' '${file('app')}'; sleep 1000`;
const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
const plain = ['NO_COLOR=', 'GITHUB_ACTIONS=', 'GITLAB_CI=', 'BUILDKIT_PROGRESS='].flatMap((name) => ['-e', name]);
tmux('new-session', '-d', ...size, ...plain, command);
try {
  await until((screen) => /page [3-5] of 6/.test(screen) && /checked [12] of 4/.test(screen));
  const screen = tmux('capture-pane', '-e', '-p');
  const label =
    'varve build on a terminal: cached steps, and two steps that run beside each other with their last lines';
  writeFileSync(join(PICTURES, 'progress.svg'), terminalSvg(screen, COLUMNS, label));
  await until((text) => /^\S* ?(DONE|done|Built|built|image)/m.test(text) && /sha256:/.test(text));
} finally {
  tmux('kill-server');
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 860 }, colorScheme: 'light' });
  await page.goto(pathToFileURL(file('report.html')).href);
  await page.screenshot({ path: join(PICTURES, 'report.jpg'), type: 'jpeg', quality: 70 });
} finally {
  await browser.close();
}

async function until(isGood: (screen: string) => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const screen = tmux('capture-pane', '-p');
    if (isGood(screen)) return;
    if (performance.now() > deadline) throw new Error(`the build did not come to what is pictured:\n${screen}`);
    await delay(100);
  }
}
