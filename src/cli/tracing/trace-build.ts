import { randomBytes } from 'node:crypto';
import type { Clock } from '../../io/clock.ts';
import type { FetchText } from '../../io/fetch-text.ts';
import type { ProgressView } from '../progress/progress-view.ts';
import { createBuildSpans } from './build-spans.ts';
import { otlpJson } from './otlp-json.ts';
import type { OtlpSettings } from './otlp-settings.ts';

/** Spans of one request. */
const SPANS_AT_ONCE = 1000;

/** A build that is traced. */
export interface TracedBuild {
  /** Shows and traces. */
  readonly view: ProgressView;
  /** Environment for what a step runs: `TRACEPARENT` with the step's span. */
  stepEnv(step: string): readonly string[];
  /** Sends the spans. @returns why they could not be sent */
  send(): Promise<string | undefined>;
}

/**
 * Makes spans of what a view is told.
 * @param name of the build's own span
 */
export function traceBuild(
  view: ProgressView,
  settings: OtlpSettings,
  deps: { readonly name: string; readonly version: string; readonly clock: Clock; readonly fetchText: FetchText },
): TracedBuild {
  const { name, version, clock, fetchText } = deps;
  const { parent, url, headers, timeoutMs, resource } = settings;
  const random = (bytes: number): string => randomBytes(bytes).toString('hex');
  const spans = createBuildSpans({ name, parent, started: clock.now(), random });
  const isSampled = parent?.isSampled ?? true;
  return {
    view: {
      progress(event) {
        spans.progress(event);
        view.progress(event);
      },
      end: () => view.end(),
    },
    stepEnv(step) {
      const span = spans.spanOf(step);
      if (span === undefined) return [];
      const state = parent?.state === undefined ? [] : [`TRACESTATE=${parent.state}`];
      return [`TRACEPARENT=00-${spans.traceId}-${span}-0${isSampled ? 1 : 0}`, ...state];
    },
    async send() {
      const all = spans.end(clock.now());
      // Whoever asked for the build decided what is kept.
      if (!isSampled) return undefined;
      try {
        for (let from = 0; from < all.length; from += SPANS_AT_ONCE) {
          const { status, text } = await fetchText(url, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: otlpJson(all.slice(from, from + SPANS_AT_ONCE), {
              ...spans,
              resource,
              version,
              state: parent?.state,
            }),
            timeoutMs,
          });
          if (status < 200 || status >= 300) return `the collector answered ${status}: ${text.slice(0, 200).trim()}`;
        }
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
  };
}
