import type { Writable } from 'node:stream';
import { Option } from 'commander';
import { VarveError } from '../../errors.ts';
import type { Clock } from '../../io/clock.ts';
import { jsonProgress } from './json-progress.ts';
import { plainLines } from './plain-lines.ts';
import { plainProgress } from './plain-progress.ts';
import type { ProgressView } from './progress-view.ts';

const MODES = ['auto', 'tty', 'plain', 'json', 'quiet'] as const;
export type ProgressMode = (typeof MODES)[number];

export interface ProgressPlace {
  /** Standard error. */
  readonly out: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** `--progress`. */
export function progressOption(): Option {
  return new Option(
    '--progress <mode>',
    'how progress is shown: auto is tty on a terminal, else plain, in groups in GitHub Actions and GitLab CI (default: $BUILDKIT_PROGRESS, or auto)',
  ).choices(MODES);
}

/** @throws VarveError `USAGE` for a variable that names no mode */
function modeOf(given: ProgressMode | undefined, { BUILDKIT_PROGRESS: value }: ProgressPlace['env']): ProgressMode {
  if (given !== undefined || !value) return given ?? 'auto';
  const mode = MODES.find((each) => each === value);
  if (mode) return mode;
  throw new VarveError('USAGE', `BUILDKIT_PROGRESS=${value}: the modes are ${MODES.join(', ')}`, { exitCode: 2 });
}

/** @throws VarveError `USAGE` for `tty` where there is no terminal */
export async function renderProgress(
  given: ProgressMode | undefined,
  { out, env, clock }: ProgressPlace,
): Promise<ProgressView> {
  const mode = modeOf(given, env);
  const isColored = hasColors(out, env);
  const isTerminal = out.isTTY === true && env.TERM !== 'dumb';
  if (mode === 'tty' && out.isTTY !== true)
    throw new VarveError('USAGE', '--progress tty: standard error is no terminal', {
      hint: 'auto takes a terminal where there is one',
      exitCode: 2,
    });
  if (mode === 'tty' || (mode === 'auto' && isTerminal)) {
    // A build in CI never needs it.
    const { ttyProgress } = await import('./tty-progress.ts');
    return ttyProgress(out as unknown as Parameters<typeof ttyProgress>[0], { clock, isColored });
  }
  if (mode === 'json') return { progress: jsonProgress(out), end: () => {} };
  if (mode === 'quiet') return quietProgress(out);
  const form = mode === 'auto' ? await groupForm(env, clock) : undefined;
  if (!form) return { progress: plainProgress(plainLines(out), { isColored }), end: () => {} };
  const { groupedLines } = await import('./grouped-lines.ts');
  const sink = groupedLines(out, form);
  return { progress: plainProgress(sink, { isColored: isColored || !isOff(env) }), end: () => sink.finish() };
}

/** Warnings are no progress. */
function quietProgress(out: Writable): ProgressView {
  const plain = plainProgress(plainLines(out), { isColored: false });
  return {
    progress(event) {
      if (event.type === 'message' && event.level !== 'info') plain(event);
    },
    end: () => {},
  };
}

async function groupForm({ GITHUB_ACTIONS, GITLAB_CI }: ProgressPlace['env'], clock: Clock) {
  if (GITHUB_ACTIONS !== 'true' && GITLAB_CI !== 'true') return undefined;
  const { gitHubGroups, gitLabSections } = await import('./grouped-lines.ts');
  return GITHUB_ACTIONS === 'true' ? gitHubGroups : gitLabSections(() => clock.now());
}

/** @see https://no-color.org and https://force-color.org */
function hasColors({ isTTY }: ProgressPlace['out'], env: ProgressPlace['env']): boolean {
  const { FORCE_COLOR: force } = env;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTTY === true && env.TERM !== 'dumb' && !isOff(env);
}

function isOff({ NO_COLOR, FORCE_COLOR }: ProgressPlace['env']): boolean {
  return Boolean(NO_COLOR) || FORCE_COLOR === '0' || FORCE_COLOR === 'false';
}
