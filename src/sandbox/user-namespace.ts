import { capabilityNames } from './capabilities.ts';
import { findTool, requireTool } from './find-tool.ts';

const CAP_EFF = /^CapEff:\s*([0-9a-f]+)$/im;

/**
 * Whether varve must re-execute itself in a user namespace before it can mount: when it lacks CAP_SYS_ADMIN. `status`
 * is the text of /proc/self/status.
 */
export function needsUserNamespace(facts: { readonly euid: number; readonly status: string }): boolean {
  return CAP_EFF.test(facts.status) ? !hasCapability(facts.status, 'SYS_ADMIN') : facts.euid !== 0;
}

/** Whether a process may do what a capability allows. @param status text of /proc/PID/status */
export function hasCapability(status: string, name: string): boolean {
  return capabilityNames(CAP_EFF.exec(status)?.[1] ?? '').includes(name);
}

export interface UserNamespaceFacts {
  readonly euid: number;
  readonly egid: number;
  /** The user's name, as /etc/subuid may have it. */
  readonly userName?: string;
  /** Texts of /proc/self/uid_map, /proc/self/gid_map, /etc/subuid and /etc/subgid; empty when missing. */
  readonly uidMap: string;
  readonly gidMap: string;
  readonly subuid: string;
  readonly subgid: string;
  /** Where host programs are, colon-separated. */
  readonly toolPath: string;
}

export interface UserNamespaceCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** For people, when less than a full map is possible. */
  readonly warning?: string;
}

interface IdRange {
  readonly start: number;
  readonly count: number;
}

/**
 * What the process says on descriptor 3, where the caller has opened one, right before it becomes the program: all that
 * came before is why it did not.
 */
export const ENTERED = 'entered';

const REPORT_ERRORS = 'if (true >&3) 2>/dev/null; then exec 4>&2 2>&3; else exec 3>/dev/null 4>&2; fi';
const SAY_ENTERED = `printf ${ENTERED} >&3; exec 2>&4 3>&- 4>&-; exec "$@"`;

/**
 * The process moves itself into the namespaces and stays the same process (pid, terminal, descriptors); a detached
 * helper outside writes its maps meanwhile. That is what `unshare --map-auto` does since util-linux 2.38, done so that
 * 2.37 (Ubuntu 22.04) and a root without CAP_SYS_ADMIN have it too. Only the exec after the maps gives capabilities.
 */
const ENTER_SCRIPT = `
${REPORT_ERRORS}
newuidmap=$1 newgidmap=$2 uids=$3 gids=$4 unshare=$5 sh=$6
shift 6
self=$$
outside=$(readlink /proc/$self/ns/user)
( (
  tries=0
  while [ "$(readlink /proc/$self/ns/user)" = "$outside" ]; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] && [ -d /proc/$self ] || exit 1
    sleep 0.01
  done
  [ -d /proc/$self ] || exit 1
  if [ -n "$newuidmap" ]; then
    "$newuidmap" $self $uids && "$newgidmap" $self $gids
  else
    printf '%s\\n' "$uids" > /proc/$self/uid_map && printf '%s\\n' "$gids" > /proc/$self/gid_map
  fi || kill $self 2>/dev/null
) < /dev/null & )
exec "$unshare" --user --mount --propagation private -- "$sh" -c '
tries=0
until read -r uids < /proc/self/uid_map && read -r gids < /proc/self/gid_map; do
  tries=$((tries + 1))
  if [ $tries -ge 500 ]; then echo "varve: the id maps of the user namespace were not written" >&2; exit 125; fi
  sleep 0.01
done
${SAY_ENTERED}' varve "$@"
`;

const ENTER_SINGLE_SCRIPT = `
${REPORT_ERRORS}
unshare=$1 sh=$2
shift 2
exec "$unshare" --user --map-root-user --mount --propagation private -- "$sh" -c '${SAY_ENTERED}' varve "$@"
`;

/**
 * The commands that run `execPath args` (varve itself) as root of a user and mount namespace, the better one first: with
 * the user's ranges of subuid(5); for root without CAP_SYS_ADMIN with all ids it has; else with a single id and a
 * warning. Environment, working directory and descriptors are the caller's to pass on; see {@link ENTERED}.
 * @throws VarveError `SANDBOX_TOOL` without unshare
 */
export function userNamespaceCommands(
  execPath: string,
  args: readonly string[],
  facts: UserNamespaceFacts,
): UserNamespaceCommand[] {
  const unshare = requireTool('unshare', facts.toolPath);
  const sh = requireTool('sh', facts.toolPath);
  const enter = (newuidmap: string, newgidmap: string, uids: string, gids: string): UserNamespaceCommand => ({
    file: sh,
    args: ['-c', ENTER_SCRIPT, 'varve', newuidmap, newgidmap, uids, gids, unshare, sh, execPath, ...args],
  });
  if (facts.euid === 0) return [enter('', '', identityMap(facts.uidMap), identityMap(facts.gidMap))];

  const uids = subordinateRange(facts.subuid, facts.euid, facts.userName);
  const gids = subordinateRange(facts.subgid, facts.euid, facts.userName);
  const newuidmap = findTool('newuidmap', facts.toolPath);
  const newgidmap = findTool('newgidmap', facts.toolPath);
  const map = (own: number, range: IdRange): string => `0 ${own} 1 1 ${range.start} ${range.count}`;
  const full =
    uids && gids && newuidmap && newgidmap
      ? [enter(newuidmap, newgidmap, map(facts.euid, uids), map(facts.egid, gids))]
      : [];
  let missing = 'no range in /etc/subuid and /etc/subgid';
  if (uids && gids) missing = 'newuidmap and newgidmap are not installed';
  if (full.length > 0) missing = 'newuidmap and newgidmap do not work';
  const name = facts.userName ?? facts.euid;
  const single = {
    file: sh,
    args: ['-c', ENTER_SINGLE_SCRIPT, 'varve', unshare, sh, execPath, ...args],
    warning:
      `${missing}: only one user id can be used, so that files of other users and USER fail. ` +
      `Install uidmap and give ${name} a range: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name}`,
  };
  return [...full, single];
}

/** All ids of this namespace, each to itself: what CAP_SETUID and CAP_SETFCAP allow (user_namespaces(7)). */
function identityMap(map: string): string {
  return map
    .trim()
    .split('\n')
    .map((line) => {
      const [inside = '0', , count = '1'] = line.trim().split(/\s+/);
      return `${inside} ${inside} ${count}`;
    })
    .join('\n');
}

/** The largest range of a user in subuid(5) text: `name-or-uid:start:count`. */
export function subordinateRange(text: string, uid: number, name: string | undefined): IdRange | undefined {
  let best: IdRange | undefined;
  for (const line of text.split('\n')) {
    const [owner, start, count, ...rest] = line.trim().split(':');
    if (rest.length > 0 || (owner !== String(uid) && (name === undefined || owner !== name))) continue;
    if (!/^\d+$/.test(start ?? '') || !/^\d+$/.test(count ?? '')) continue;
    const range = { start: Number(start), count: Number(count) };
    if (range.count > (best?.count ?? 0)) best = range;
  }
  return best;
}
