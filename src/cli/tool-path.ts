/** Where an ordinary user's PATH often does not look, and the tools of a sandbox are. */
const SYSTEM = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Where programs of the machine are looked for, colon-separated. */
export function toolPath(path: string | undefined): string {
  return [...new Set([...(path ?? '').split(':'), ...SYSTEM])].filter(Boolean).join(':');
}
