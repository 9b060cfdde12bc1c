import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../run-process.ts';
import { ProgressReader, type Steps } from './progress.ts';

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

export interface BuildReport extends Steps {
  readonly seconds: number;
  readonly digest: string;
}

const ROOT = join(import.meta.dirname, '../..');

/** The command line of varve. */
export const VARVE = [join(ROOT, 'bin/varve')] as const;

const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy'] as const;

/** Builds and pushes; the build's progress goes to this process's stderr. */
export async function buildAndPush(request: BuildRequest): Promise<BuildReport> {
  const { store, context, base, registry, name, scratch, signal } = request;
  const digestFile = join(scratch, 'digest');
  const progress = new ProgressReader((line) => process.stderr.write(`${line}\n`));
  try {
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
      { signal, onOutput: (text) => progress.read(text) },
    );
    return { seconds, digest: readFileSync(digestFile, 'utf8').trim(), ...progress.steps() };
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`${progress.lastLines()}\n`);
    throw error;
  }
}

/** What a RUN needs behind a proxy. Dockerfiles know these arguments without declaring them, and they are in no step's key. */
function proxyArguments(): string[] {
  return PROXIES.flatMap((name) => {
    const value = process.env[name] ?? process.env[name.toUpperCase()];
    return value ? [`--build-arg=${name}=${value}`] : [];
  });
}
