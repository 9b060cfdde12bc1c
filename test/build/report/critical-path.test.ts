import test from 'ava';
import type { RecordedStep } from '../../../src/build/explain/build-record.ts';
import { criticalPath } from '../../../src/build/report/critical-path.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const step = (id: string, startMs: number, endMs: number, parent?: string, ...sources: string[]): RecordedStep => ({
  id,
  stage: 's',
  ordinal: 0,
  kind: 'run',
  title: id,
  line: 1,
  platform: 'linux/amd64',
  key: digestOf(id),
  parent: parent === undefined ? { key: 'base' } : { key: parent, step: parent },
  apart: false,
  sources: sources.map((source) => ({ key: source, step: source })),
  status: 'miss',
  args: [],
  time: { startMs, durationMs: endMs - startMs },
});

test('the critical path goes from the last end along what was waited for longest', (t) => {
  const steps = [
    step('fast', 0, 10),
    step('slow', 0, 50),
    step('slower', 50, 90, 'slow'),
    step('copy', 90, 95, 'fast', 'slower'),
    step('beside', 0, 60),
  ];
  t.deepEqual(criticalPath({ steps }), ['slow', 'slower', 'copy']);
  t.deepEqual(criticalPath({ steps: [] }), []);
  const { time: _, ...never } = step('never', 0, 0);
  t.deepEqual(criticalPath({ steps: [never] }), []);
});
