import { VarveError } from '../errors.ts';
import type { ResourceLimit } from './become.ts';
import type { Rlimit } from './sandbox.ts';

/** 2^64 - 1. @see setrlimit(2) */
export const RLIM_INFINITY = '18446744073709551615';
/** By number. @see asm-generic/resource.h */
const RESOURCES: readonly string[] = [
  ...['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as', 'locks', 'sigpending'],
  ...['msgqueue', 'nice', 'rtprio', 'rttime'],
];

/** Limits as the kernel takes them. @throws VarveError `SANDBOX_ARGUMENTS` for a name that it doesn't know */
export function resourceLimits(rlimits: readonly Rlimit[]): ResourceLimit[] {
  const text = (limit: number | undefined): string => (limit === undefined ? RLIM_INFINITY : String(limit));
  return rlimits.map(({ name, soft, hard }) => {
    const resource = RESOURCES.indexOf(name);
    if (resource < 0) throw new VarveError('SANDBOX_ARGUMENTS', `there is no resource limit ${name}`);
    return { resource, soft: text(soft), hard: text(hard) };
  });
}
