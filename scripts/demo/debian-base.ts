import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../run-process.ts';
import { type AptSources, hostAptSources } from './apt-sources.ts';

export interface Base {
  /** A tar of the root file system. */
  readonly tar: string;
  readonly description: string;
}

/**
 * A minimal Debian (or Ubuntu, as the host is) with apt, made by mmdebstrap from the packages this host can reach: 18 s and
 * 160 MB. It is kept in `cache` and taken from there the next time.
 * @param dpkg options that dpkg keeps, such as paths to leave out
 * @throws Error with mmdebstrap's last words.
 */
export async function debianBase(cache: string, signal: AbortSignal, dpkg: readonly string[] = []): Promise<Base> {
  const sources = await hostAptSources();
  const command = mmdebstrap(sources, dpkg);
  const key = createHash('sha256').update(JSON.stringify(command)).digest('hex').slice(0, 12);
  const tar = join(cache, `${sources.suite}-${key}.tar`);
  if (existsSync(tar)) return { tar, description: `${sources.suite}, ${megabytes(tar)}, made earlier` };

  const unfinished = `${tar}.${process.pid}`;
  let log = '';
  try {
    const { seconds } = await runProcess(
      command.map((word) => (word === '{tar}' ? unfinished : word)),
      { signal, onOutput: (text) => (log += text) },
    );
    renameSync(unfinished, tar);
    return { tar, description: `${sources.suite}, ${megabytes(tar)}, made by mmdebstrap in ${seconds.toFixed(1)} s` };
  } catch (error) {
    signal.throwIfAborted();
    const reason = log.split('\n').filter((line) => line.startsWith('E:'));
    throw new Error(reason.join('\n') || `${error}`, { cause: error });
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** https://manpages.debian.org/bookworm/mmdebstrap/mmdebstrap.1.en.html */
function mmdebstrap({ suite, lines, options }: AptSources, dpkg: readonly string[]): string[] {
  const command = ['mmdebstrap', '--variant=apt', '--format=tar', ...options.map((option) => `--aptopt=${option}`)];
  command.push(...dpkg.map((option) => `--dpkgopt=${option}`));
  if (lines.some((line) => line.includes('https:'))) {
    // The base has to trust whom this host trusts.
    command.push(
      '--include=ca-certificates',
      '--customize-hook=copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/',
    );
  }
  return [...command, suite, '{tar}', ...lines];
}

function megabytes(file: string): string {
  return `${Math.round(statSync(file).size / 1e6)} MB`;
}
