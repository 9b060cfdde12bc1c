import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LOOKS, lookAt, openBrowser } from '../../support/browser.ts';
import { cliBench } from '../support/cli-bench.ts';

const HOSTILE = `<img src=x onerror=alert(1)>"'&.js`;
const DOCKERFILE = `
FROM scratch AS deps
COPY lib /lib
FROM deps AS other
COPY src /other
FROM deps
COPY src /src
COPY --from=other /other /other
`;

test('the page of a build: what is in it, in a browser at two widths, light and dark, without errors or barriers', async (t) => {
  t.timeout(600_000);
  const bench = cliBench(t);
  const context = bench.directory('context', {
    Dockerfile: DOCKERFILE,
    'lib/big': 'x'.repeat(200_000),
    'lib/copy': 'x'.repeat(200_000),
    [`src/${HOSTILE}`]: 'a',
  });
  const file = join(bench.path, 'report.html');
  t.is((await bench.varve('build', context)).code, 0);
  writeFileSync(join(context, 'src', HOSTILE), 'changed');
  const { code, stderr } = await bench.varve('build', '--report', file, context);
  t.is(code, 0, stderr);
  const text = readFileSync(file, 'utf8');
  t.false(text.includes('<img'));
  t.true(text.includes('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;.js'));
  t.notRegex(text, /<script|https?:\/\/(?!www\.w3\.org)/);
  t.true(text.includes('context changed') || text.includes('with other content'), text);

  const again = await bench.varve('report', '-o', '-');
  t.is(again.stdout, text);

  const browser = await openBrowser(t);
  if (!browser) return;
  try {
    for (const look of LOOKS) {
      const problems = await lookAt(browser, file, look, async (page) => {
        t.is(await page.locator('h2').count(), 3);
        t.true((await page.locator('main').innerText()).includes('critical path'));
        t.is(await page.getByRole('table').count(), 8);
        t.true((await page.locator('svg[role=img] rect').count()) >= 4);
        await page.locator('summary').last().focus();
        await page.keyboard.press('Enter');
        t.is(await page.locator('details[open]').count(), 1);
      });
      t.deepEqual(problems, { said: [], barriers: [], overflow: 0 }, JSON.stringify(look));
    }
  } finally {
    await browser.close();
  }
});
