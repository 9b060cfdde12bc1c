import type { ConfigSection } from './config-schema.ts';

/**
 * What the file of a project may set. Whoever may change the project (a pull request) may change that file, so it holds
 * nothing that reads or writes files outside the context, gives a RUN more than the Dockerfile could ask for, trusts a
 * registry more, or sends an image anywhere.
 */
const PROJECT_FLAGS: ReadonlySet<string> = new Set([
  'annotation',
  'attest-form',
  'build-arg',
  'cache-repo',
  'cache-ttl',
  'compression',
  'compression-level',
  'context-sub-path',
  'explain',
  'file',
  'force-compression',
  'format',
  'git-index',
  'ignore-path',
  'image-format',
  'keep-going',
  'label',
  'no-cache-filter',
  'no-git-index',
  'no-push-cache',
  'normalize-modes',
  'parallel',
  'platform',
  'progress',
  'provenance',
  'pull',
  'quiet',
  'reproducible',
  'rewrite-timestamp',
  'sbom',
  'squash',
  'target',
  'verbose',
]);

const ELSEWHERE = "give it on the command line, in the user's own file, or in the one that VARVE_CONFIG names";

/** @returns why a project's file may not say this, or nothing */
export function refusedInProject(section: ConfigSection): { readonly flag: string; readonly why: string } | undefined {
  for (const [flag, value] of Object.entries(section)) {
    if (!PROJECT_FLAGS.has(flag)) return { flag, why: `a project may not set it; ${ELSEWHERE}` };
    if (flag === 'build-arg' && !hasValues(value))
      return { flag, why: 'a project gives each argument a value: NAME alone would take it from the environment' };
    if (
      flag === 'file' &&
      (String(value).startsWith('/') || String(value).split('/').includes('..') || /^-$|:\/\//.test(String(value)))
    )
      return { flag, why: 'a project names a file below its own directory' };
    if (flag === 'cache-repo' && !isRepository(value))
      return { flag, why: 'a project names repositories, not directories' };
  }
  return undefined;
}

function hasValues(value: ConfigSection[string]): boolean {
  if (typeof value !== 'object') return String(value).includes('=');
  return Array.isArray(value) ? value.every((each) => String(each).includes('=')) : true;
}

function isRepository(value: ConfigSection[string]): boolean {
  const all = Array.isArray(value) ? value : [value];
  return all.every((each) => typeof each === 'string' && !/^(?:[./]|oci:)|:\/\//.test(each));
}
