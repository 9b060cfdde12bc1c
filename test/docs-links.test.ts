import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'ava';

const ROOT = join(import.meta.dirname, '..');
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const own = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md', 'examples/README.md'];
  return [...own, ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
}

/** As GitHub makes them: https://github.com/gjtorikian/html-pipeline/blob/main/lib/html_pipeline/node_filter/table_of_contents_filter.rb */
function anchors(markdown: string): Set<string> {
  const headings = withoutCode(markdown).matchAll(/^#+ (.+)$/gm);
  const found = new Set<string>();
  for (const [, title] of headings) {
    const id = title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    let [name, i] = [id, 1];
    while (found.has(name)) name = `${id}-${i++}`;
    found.add(name);
  }
  return found;
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```/gms, '').replaceAll(/^ {4,}.*$/gm, '');
}

test('links in the documents lead to files and headings that are there', (t) => {
  const broken: string[] = [];
  let count = 0;
  for (const page of pages()) {
    const text = withoutCode(readFileSync(join(ROOT, page), 'utf8')).replaceAll(/`[^`\n]*`/g, '');
    for (const [, target] of text.matchAll(LINK)) {
      if (/^[a-z]+:/.test(target!)) continue;
      count++;
      const [path = '', anchor] = target!.split('#') as [string, string?];
      const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
      if (relative(ROOT, file).startsWith('..') || !existsSync(file)) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchors(readFileSync(file, 'utf8')).has(anchor))
        broken.push(`${page}: ${target}`);
    }
  }
  t.true(count > 50);
  t.deepEqual(broken, []);
});
