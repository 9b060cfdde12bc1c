import type { Progress, ProgressEvent } from '../../build/progress.ts';
import type { TraceParent } from './otlp-settings.ts';

/** A span that has ended. Times are ms since 1970. */
export interface Span {
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly started: number;
  readonly ended: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Why it failed. */
  readonly error?: string;
}

/** The spans of one build: itself, its stages, their steps, the blobs that moved. */
export interface BuildSpans {
  readonly traceId: string;
  readonly progress: Progress;
  /** The span of a running step, for what it starts. */
  spanOf(step: string): string | undefined;
  /** All that there is; what still runs ends now. */
  end(now: number): Span[];
}

interface Deps {
  readonly name: string;
  readonly parent: TraceParent | undefined;
  readonly started: number;
  /** So many random bytes, in hexadecimal. */
  random(bytes: number): string;
}

/** A name is for people: a heredoc is none. Characters. */
const NAME_LENGTH = 120;

export function createBuildSpans({ name, parent, started, random }: Deps): BuildSpans {
  const traceId = parent?.traceId ?? random(16);
  const root = { spanId: random(8), attributes: {} as Span['attributes'], error: undefined as string | undefined };
  const stages = new Map<string, { readonly spanId: string; readonly started: number; ended: number }>();
  const steps = new Map<
    string,
    { readonly spanId: string; readonly stage: string; readonly title: string; readonly started: number }
  >();
  const spans: Span[] = [];

  const startStep = ({ id, stage, title, time }: Extract<ProgressEvent, { type: 'step-start' }>): void => {
    const label = stage.replace(/ \d+\/\d+$/, '');
    if (!stages.has(label)) stages.set(label, { spanId: random(8), started: time, ended: time });
    steps.set(id, { spanId: random(8), stage: label, title, started: time });
  };
  const endStep = (event: Extract<ProgressEvent, { type: 'step-end' }>): void => {
    const step = steps.get(event.id);
    if (!step) return;
    steps.delete(event.id);
    const stage = stages.get(step.stage)!;
    stage.ended = Math.max(stage.ended, event.time);
    const { frames } = event;
    spans.push({
      spanId: step.spanId,
      parentId: stage.spanId,
      name: shortened(step.title),
      started: step.started,
      ended: event.time,
      attributes: {
        'varve.step.id': event.id,
        'varve.step.stage': step.stage,
        'varve.step.status': event.status,
        ...(event.savedMs === undefined ? {} : { 'varve.step.saved_ms': Math.round(event.savedMs) }),
        ...(frames
          ? {
              'varve.frames.compressed': frames.compressed,
              'varve.frames.reused': frames.reused,
              'varve.frames.bytes': frames.bytes,
            }
          : {}),
      },
      ...(event.status === 'failed' ? { error: event.detail ?? 'failed' } : {}),
    });
  };
  const endTransfer = (event: Extract<ProgressEvent, { type: 'transfer' }>): void => {
    const word = event.direction === 'receive' ? 'pull' : 'push';
    spans.push({
      spanId: random(8),
      parentId: root.spanId,
      name: `${word} ${event.digest.slice(0, 19)}`,
      started: event.time - event.durationMs,
      ended: event.time,
      attributes: {
        'varve.transfer.digest': event.digest,
        'varve.transfer.place': event.place,
        'varve.transfer.bytes': event.bytes,
        'varve.transfer.size': event.size,
      },
      ...(event.state === 'failed' ? { error: 'the transfer failed' } : {}),
    });
  };

  return {
    traceId,
    progress(event) {
      switch (event.type) {
        case 'step-start':
          return startStep(event);
        case 'step-end':
          return endStep(event);
        case 'transfer':
          return event.state === 'done' || event.state === 'failed' ? endTransfer(event) : undefined;
        case 'build-end': {
          const { result, hits, done, failed, savedMs, received, sent } = event;
          root.error = result === 'failed' ? 'the build failed' : undefined;
          root.attributes = {
            'varve.hits': hits,
            'varve.steps.done': done,
            'varve.steps.failed': failed,
            'varve.saved_ms': Math.round(savedMs),
            'varve.bytes.received': received,
            'varve.bytes.sent': sent,
          };
        }
      }
    },
    spanOf: (step) => steps.get(step)?.spanId,
    end(now) {
      for (const id of [...steps.keys()])
        endStep({ type: 'step-end', id, status: 'canceled', durationMs: 0, time: now });
      const ofStages = [...stages].map(
        ([label, stage]): Span => ({ ...stage, parentId: root.spanId, name: `stage ${label}`, attributes: {} }),
      );
      const { error, ...own } = root;
      const top = {
        ...own,
        parentId: parent?.spanId,
        name,
        started,
        ended: now,
        ...(error === undefined ? {} : { error }),
      };
      return [top, ...ofStages, ...spans];
    },
  };
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > NAME_LENGTH ? `${line.slice(0, NAME_LENGTH - 1)}…` : line;
}
