import type { Writable } from 'node:stream';
import { systemClock } from '../../io/clock.ts';
import type { ProgressView } from '../progress/progress-view.ts';
import { textFetcher } from '../text-fetcher.ts';
import { type Environment, otlpSettings } from './otlp-settings.ts';

/** A view, and what a step's command is told of its trace. */
export interface TracedView extends ProgressView {
  readonly stepEnv?: (step: string) => readonly string[];
}

/**
 * Runs a build with its view, and sends its spans where OTEL_EXPORTER_OTLP_ENDPOINT says. That they could not be sent is a
 * warning.
 * @param name of the build's own span
 */
export async function withTracing<T>(
  view: ProgressView,
  about: { readonly name: string; readonly version: string; readonly env: Environment; readonly out: Writable },
  build: (view: TracedView) => Promise<T>,
): Promise<T> {
  const settings = otlpSettings(about.env);
  const warn = (text: string): void => void about.out.write(`warning: traces are not sent: ${text}\n`);
  if (typeof settings === 'string') warn(settings);
  if (typeof settings !== 'object') return build(view);
  const { traceBuild } = await import('./trace-build.ts');
  const fetchText = textFetcher(about.env, `varve/${about.version}`);
  const traced = traceBuild(view, settings, { ...about, clock: systemClock, fetchText });
  try {
    return await build({ ...traced.view, stepEnv: traced.stepEnv });
  } finally {
    view.end();
    const problem = await traced.send();
    if (problem !== undefined) warn(`${settings.url}: ${problem}`);
  }
}
