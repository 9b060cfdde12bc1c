import type { ProgressEvent } from '../../build/progress.ts';
import { progressLineSchema } from '../../build/progress-schema.ts';
import type { Clock } from '../../io/clock.ts';

/** Most lines of a Job that are no events and are kept: an error's text. */
const WORDS_LIMIT = 100;

/** Reads what `varve build --progress json` writes in a Job. */
export interface JobOutput {
  line(text: string): void;
  /** What was no event, such as the text of an error. */
  words(): string;
  readonly hits: number;
  readonly done: number;
}

/** @param progress takes the events; their times are this machine's, so that they go with the other targets' */
export function readJobOutput(progress: (event: ProgressEvent) => void, clock: Clock): JobOutput {
  const words: string[] = [];
  let [hits, done] = [0, 0];
  const event = (text: string): ProgressEvent | undefined => {
    if (!text.startsWith('{')) return undefined;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return undefined;
    }
    const line = progressLineSchema.safeParse(json).data;
    if (!line) return undefined;
    const time = clock.now();
    return (
      line.type === 'step-log' ? { ...line, time, data: Buffer.from(line.data) } : { ...line, time }
    ) as ProgressEvent;
  };
  return {
    line(text) {
      const read = event(text);
      if (!read) {
        words.push(text);
        if (words.length > WORDS_LIMIT) words.shift();
      } else if (read.type !== 'build-end') {
        if (read.type === 'step-end' && read.status === 'hit') hits++;
        if (read.type === 'step-end' && read.status === 'done') done++;
        progress(read);
      }
    },
    words: () => words.join('\n').trim(),
    get hits() {
      return hits;
    },
    get done() {
      return done;
    },
  };
}
