import { readFileSync } from 'node:fs';
import { outputOf } from '../run-process.ts';

export interface AptSources {
  /** Code name of the distribution, for example `bookworm`. */
  readonly suite: string;
  /** Lines for sources.list; empty when the host's can't be read: then mmdebstrap's own default holds. */
  readonly lines: readonly string[];
  /** apt settings without which this host could not use those sources: `Name "value";`. */
  readonly options: readonly string[];
}

const SETTINGS = /^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy) "/;

/**
 * Where this host gets its own packages from, so that a base image made from it works wherever the host does: behind a
 * mirror, a proxy or a snapshot of old packages. Only the distribution's main component is taken.
 */
export async function hostAptSources(): Promise<AptSources> {
  const suite = codeName();
  if (suite === undefined) return { suite: 'bookworm', lines: [], options: [] };
  // apt's own view of one-line and deb822 sources alike. https://manpages.debian.org/bookworm/apt/apt-get.8.en.html
  const targets = await outputOf([
    'apt-get',
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ]);
  const wanted = new Set([suite, `${suite}-updates`, `${suite}-security`]);
  const lines = targets
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, release = '', component]) => wanted.has(release) && component === 'main')
    .map(([uri, release]) => `deb ${uri} ${release} main`);
  const dump = await outputOf(['apt-config', 'dump']);
  return { suite, lines: [...new Set(lines)], options: dump.split('\n').filter((line) => SETTINGS.test(line)) };
}

/** https://www.freedesktop.org/software/systemd/man/latest/os-release.html; undefined where there is no apt. */
function codeName(): string | undefined {
  const release = readFileSync('/etc/os-release', 'utf8');
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)) return undefined;
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
}
