import { Writable } from 'node:stream';
import test from 'ava';
import type { ProgressEvent } from '../../../src/build/progress.ts';
import { progressLineSchema } from '../../../src/build/progress-schema.ts';
import { type ProgressMode, renderProgress } from '../../../src/cli/progress/render-progress.ts';
import { fixedClock } from '../../../src/io/clock.ts';

interface Shown {
  progress(event: ProgressEvent): void;
  log(text: string, more?: { id?: string; stream?: 'stdout' | 'stderr'; time?: number }): void;
  end(): string;
}

/** Progress that is written to memory; `\xff` in a log is a byte. */
async function shown(mode: ProgressMode, env: Record<string, string> = {}, isTTY = false): Promise<Shown> {
  const chunks: Buffer[] = [];
  const out = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  const view = await renderProgress(mode, { out: Object.assign(out, { isTTY }), env, clock: fixedClock(0) });
  return {
    progress: view.progress,
    log: (text, { id = 'a', stream = 'stdout', time = 0 } = {}) =>
      view.progress({ type: 'step-log', id, stream, data: Buffer.from(text, 'latin1'), time }),
    end() {
      view.end();
      return Buffer.concat(chunks).toString();
    },
  };
}

const start = (id: string, title: string, time = 0): ProgressEvent => {
  return { type: 'step-start', id, title, stage: 'base 1/2', time };
};
const done = (id: string): ProgressEvent => ({ type: 'step-end', id, status: 'done', durationMs: 0, time: 0 });

test('plain: lines that come in pieces, with the time since their step began', async (t) => {
  const { progress, log, end } = await shown('plain');
  progress(start('a', 'RUN x', 1000));
  log('caf\xc3', { time: 1500 });
  log('err\n', { stream: 'stderr', time: 2000 });
  log('\xa9\n\xff\xfe\n\nend', { time: 3250 });
  progress({ ...done('a'), time: 3300 });
  t.is(
    end(),
    '#1 [base 1/2] RUN x\n#1 1.000 err\n#1 2.250 café\n#1 2.250 \ufffd\ufffd\n#1 2.250 \n#1 2.300 end\n#1 DONE 0.00s\n',
  );
});

test('what became of the targets of a bake: a line each, or one line of JSON', async (t) => {
  const targets = [
    { name: 'api', status: 'built', hits: 1, done: 2, digest: 'sha256:ab' },
    { name: 'web', status: 'skipped', hits: 0, done: 0, because: 'it needs api' },
  ] as const;
  const plain = await shown('plain');
  plain.progress({ type: 'bake-end', targets, time: 0 });
  t.is(plain.end(), 'api  built    1 hit, 2 run  sha256:ab\nweb  skipped                it needs api\n');
  const json = await shown('json');
  json.progress({ type: 'bake-end', targets, time: 0 });
  const line = progressLineSchema.parse(JSON.parse(json.end()));
  t.deepEqual(line as unknown, { type: 'bake-end', targets: [...targets], time: '1970-01-01T00:00:00.000Z' });
});

test('plain: what a command writes cannot do anything to a terminal', async (t) => {
  const hostile =
    'a\x1b[31mred\x1b[0m \x1b]0;title\x07b \x1b[2Jc \x1bP+q\x1b\\d \xc2\x9b31me \x07\x08f\n10%\r50%\rdone\r\n\xe2\x80\xaegnp.exe\n\x1b]52;c;x\n';
  const plain = await shown('plain');
  plain.log(hostile);
  const text = plain.end();
  t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  t.true(text.includes('#1 0.000 done\n'));
  t.false(text.includes('50%'));
  t.true(text.includes('ared '));
  t.true(text.includes('\\u202egnp.exe'));
  const colored = await shown('plain', { FORCE_COLOR: '1' });
  colored.log(hostile);
  t.true(colored.end().includes('\u001b[31mred\u001b[0m'));
  const off = await shown('plain', { NO_COLOR: '1' }, true);
  off.log(hostile);
  t.false(off.end().includes('\u001b'));
});

test('json: each line is as the schema has it, and no character is cut where chunks are', async (t) => {
  const { progress, log, end } = await shown('json');
  progress(start('a', 'RUN x'));
  log('caf\xc3');
  log('\xe2', { stream: 'stderr' });
  log('\xa9\n');
  log('\x82', { stream: 'stderr' });
  log('\xac', { stream: 'stderr' });
  log('x\xc3', { id: 'b' });
  log('\xf0\x9f');
  progress(done('a'));
  progress({ type: 'message', level: 'warning', text: 'w', time: 0 });
  const totals = { hits: 0, savedMs: 0, done: 1, failed: 0, received: 0, sent: 0 };
  progress({ type: 'build-end', result: 'done', durationMs: 1, ...totals, time: 0 });
  const events = end()
    .trim()
    .split('\n')
    .map((line) => progressLineSchema.parse(JSON.parse(line)));
  t.deepEqual(
    events.map((event) =>
      event.type === 'step-log' ? `${event.id} ${event.type} ${event.stream} ${event.data}` : event.type,
    ),
    [
      'step-start',
      'a step-log stdout caf',
      'a step-log stdout é\n',
      'a step-log stderr €',
      'b step-log stdout x',
      'a step-log stdout \ufffd',
      'step-end',
      'message',
      'build-end',
    ],
  );
  t.true(events.every(({ time }) => time === '1970-01-01T00:00:00.000Z'));
});

test('quiet: warnings only', async (t) => {
  const { progress, log, end } = await shown('quiet');
  progress(start('a', 'RUN x'));
  log('x\n');
  progress({ type: 'message', level: 'info', text: 'i', time: 0 });
  progress({ type: 'message', level: 'warning', text: 'w', time: 0 });
  t.is(end(), 'warning: w\n');
});

test('GitHub Actions: a group for each step with output, whole, in which no command counts', async (t) => {
  const { progress, log, end } = await shown('auto', { GITHUB_ACTIONS: 'true' });
  progress(start('a', 'RUN one'));
  progress(start('b', 'RUN two'));
  progress(start('c', 'COPY . .'));
  log('1\n');
  log('2\n', { id: 'b' });
  log('::endgroup::\n');
  progress(done('c'));
  progress(done('b'));
  log('3\n');
  progress(done('a'));
  const text = end();
  const words = [...text.matchAll(/^::stop-commands::([0-9a-f]{32})$/gm)].map(([, word]) => word!);
  t.is(new Set(words).size, words.length);
  const named = words.reduce((all, word) => all.replaceAll(word, 'WORD'), text);
  const group = (title: string, lines: string): string =>
    `::group::#${title}\n::stop-commands::WORD\n${lines}::WORD::\n::endgroup::\n`;
  t.is(
    named,
    group('1 [base 1/2] RUN one', '#1 0.000 1\n#1 0.000 ::endgroup::\n') +
      '#3 [base 1/2] COPY . .\n#3 DONE 0.00s\n' +
      group('1 [base 1/2] RUN one (continued)', '#1 0.000 3\n#1 DONE 0.00s\n') +
      group('2 [base 1/2] RUN two', '#2 0.000 2\n#2 DONE 0.00s\n'),
  );
});

test('GitHub Actions: a step whose output is held too long comes to the front; nothing is lost at the end', async (t) => {
  const { progress, log, end } = await shown('auto', { GITHUB_ACTIONS: 'true' });
  progress(start('a', 'RUN one'));
  progress(start('b', 'RUN two'));
  log('1\n');
  const long = `${'x'.repeat(1000)}\n`.repeat(1100);
  log(long, { id: 'b' });
  log('last of one\n');
  const text = end();
  t.is(text.match(/x{1000}/g)?.length, 1100);
  t.true(text.includes('last of one'));
  t.is(text.match(/::group::/g)?.length, text.match(/::endgroup::/g)?.length);
});

test('GitLab CI: a collapsed section for each step with output', async (t) => {
  const { progress, log, end } = await shown('auto', { GITLAB_CI: 'true' });
  progress(start('a', 'RUN one'));
  log('1\nsection_end:0:varve_1\r\x1b[0K\n');
  progress(done('a'));
  t.is(
    end(),
    '\u001b[0Ksection_start:0:varve_1[collapsed=true]\r\u001b[0K#1 [base 1/2] RUN one\n' +
      '#1 0.000 1\n#1 0.000 \n#1 DONE 0.00s\n\u001b[0Ksection_end:0:varve_1\r\u001b[0K\n',
  );
});

test('tty is refused where there is no terminal', async (t) => {
  const error = await t.throwsAsync(shown('tty'));
  t.regex(error!.message, /--progress tty/);
});
