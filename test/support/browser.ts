import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { ExecutionContext } from 'ava';
import { type Browser, chromium, type Page } from 'playwright-core';
import { notRun } from './not-run.ts';

/** Debian's Chromium; another one by $CHROMIUM. */
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

export const LOOKS: readonly Look[] = [
  { width: 1280, height: 900, scheme: 'light' },
  { width: 1280, height: 900, scheme: 'dark' },
  { width: 390, height: 844, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
];

/** What is wrong with a page as a browser sees it. */
export interface PageProblems {
  /** Errors and warnings of the console, and requests. */
  readonly said: readonly string[];
  /** Serious or critical, by axe-core. */
  readonly barriers: readonly string[];
  /** px that the page is wider than the window. */
  readonly overflow: number;
}

/** Headless Chromium; undefined where there is none, and the rest of the test is not run. */
export async function openBrowser(t: ExecutionContext): Promise<Browser | undefined> {
  if (!existsSync(CHROMIUM)) {
    notRun(t, 'chromium is not installed');
    return undefined;
  }
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Opens a file as a page of its own, looks at it, and says what is wrong. */
export async function lookAt(
  browser: Browser,
  file: string,
  { width, height, scheme }: Look,
  then: (page: Page) => Promise<void> = async () => {},
): Promise<PageProblems> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, bypassCSP: true });
  const said: string[] = [];
  try {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() !== 'log' && message.type() !== 'info') said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.message));
    page.on('dialog', (dialog) => said.push(`dialog ${dialog.message()}`));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) said.push(`request ${request.url()}`);
    });
    await page.goto(pathToFileURL(file).href);
    await page.addScriptTag({ content: readFileSync(AXE, 'utf8') });
    const found = (await page.evaluate('axe.run()')) as {
      violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
    };
    const overflow = (await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number;
    await then(page);
    const barriers = found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
    return { said, barriers, overflow };
  } finally {
    await context.close();
  }
}
