import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../run-process.ts';

export interface BuildRequest {
  readonly store: string;
  readonly context: string;
  readonly base: string;
  readonly registry: string;
  /** Name with tag, below the registry. */
  readonly name: string;
  /** A directory for files that only this build uses. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface BuildReport {
  readonly seconds: number;
  readonly digest: string;
  /** Steps that were taken from the store, and steps that ran, as the progress named them. */
  readonly cached: readonly string[];
  readonly ran: readonly string[];
}

const ROOT = join(import.meta.dirname, '../..');

/** The command line of varve, straight from its sources. */
export const VARVE = [process.execPath, join(ROOT, 'src/cli/main.ts')] as const;

const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy'] as const;

/** Builds and pushes; the build's progress goes to this process's stderr. */
export async function buildAndPush(request: BuildRequest): Promise<BuildReport> {
  const { store, context, base, registry, name, scratch, signal } = request;
  const digestFile = join(scratch, 'digest');
  let progress = '';
  const { seconds } = await runProcess(
    [
      ...VARVE,
      'build',
      `--store=${store}`,
      `--insecure-registry=${registry}`,
      `--build-arg=BASE=${base}`,
      ...proxyArguments(),
      `--tag=${registry}/${name}`,
      '--push',
      '--progress=plain',
      `--digest-file=${digestFile}`,
      context,
    ],
    {
      signal,
      onOutput: (text) => {
        progress += text;
        process.stderr.write(text);
      },
    },
  );
  return { seconds, digest: readFileSync(digestFile, 'utf8').trim(), ...stepsOf(progress) };
}

/** What a RUN needs behind a proxy. Dockerfiles know these arguments without declaring them, and they are in no step's key. */
function proxyArguments(): string[] {
  return PROXIES.flatMap((name) => {
    const value = process.env[name] ?? process.env[name.toUpperCase()];
    return value ? [`--build-arg=${name}=${value}`] : [];
  });
}

function stepsOf(progress: string): Pick<BuildReport, 'cached' | 'ran'> {
  const lines = progress.split('\n');
  return {
    cached: lines.filter((line) => /\bCACHED\b/i.test(line)),
    ran: lines.filter((line) => /\bDONE\b/i.test(line)),
  };
}
