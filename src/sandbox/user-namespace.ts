import { findTool, requireTool } from './find-tool.ts';

/** linux/capability.h CAP_SYS_ADMIN. */
const CAP_SYS_ADMIN = 21n;

/**
 * Whether varve must re-execute itself in a user namespace before it can mount: when it lacks CAP_SYS_ADMIN. `status`
 * is the text of /proc/self/status.
 */
export function needsUserNamespace(facts: { readonly euid: number; readonly status: string }): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/im.exec(facts.status)?.[1];
  if (effective === undefined) return facts.euid !== 0;
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 0n;
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
 * The process moves itself into the namespaces and stays the same process (pid, terminal, descriptors); a detached
 * helper outside writes its maps meanwhile. That is what `unshare --map-auto` does since util-linux 2.38, done so that
 * 2.37 (Ubuntu 22.04) and a root without CAP_SYS_ADMIN have it too. Only the exec after the maps gives capabilities.
 */
const ENTER_SCRIPT = `
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
  if [ -n "$newuidmap" ]; then
    "$newuidmap" $self $uids && "$newgidmap" $self $gids
  else
    printf '%s\\n' "$uids" > /proc/$self/uid_map && printf '%s\\n' "$gids" > /proc/$self/gid_map
  fi
) < /dev/null & )
exec "$unshare" --user --mount --propagation private -- "$sh" -c '
tries=0
until read -r uids < /proc/self/uid_map && read -r gids < /proc/self/gid_map; do
  tries=$((tries + 1))
  if [ $tries -ge 500 ]; then echo "varve: the id maps of the user namespace were not written" >&2; exit 125; fi
  sleep 0.01
done
exec "$@"' varve "$@"
`;

/**
 * The command that runs `execPath args` (varve itself) as root of a user and mount namespace: with the user's ranges of
 * subuid(5); for root without CAP_SYS_ADMIN with all ids it has; else with a single id and a warning. Environment,
 * working directory and descriptors are the caller's to pass on.
 * @throws VarveError `SANDBOX_TOOL` without unshare
 */
export function userNamespaceCommand(
  execPath: string,
  args: readonly string[],
  facts: UserNamespaceFacts,
): UserNamespaceCommand {
  const unshare = requireTool('unshare', facts.toolPath);
  const sh = requireTool('sh', facts.toolPath);
  const enter = (newuidmap: string, newgidmap: string, uids: string, gids: string): UserNamespaceCommand => ({
    file: sh,
    args: ['-c', ENTER_SCRIPT, 'varve', newuidmap, newgidmap, uids, gids, unshare, sh, execPath, ...args],
  });
  if (facts.euid === 0) return enter('', '', identityMap(facts.uidMap), identityMap(facts.gidMap));

  const uids = subordinateRange(facts.subuid, facts.euid, facts.userName);
  const gids = subordinateRange(facts.subgid, facts.euid, facts.userName);
  const newuidmap = findTool('newuidmap', facts.toolPath);
  const newgidmap = findTool('newgidmap', facts.toolPath);
  if (uids && gids && newuidmap && newgidmap) {
    const map = (own: number, range: IdRange): string => `0 ${own} 1 1 ${range.start} ${range.count}`;
    return enter(newuidmap, newgidmap, map(facts.euid, uids), map(facts.egid, gids));
  }
  const missing =
    uids && gids ? 'newuidmap and newgidmap are not installed' : 'no range in /etc/subuid and /etc/subgid';
  return {
    file: unshare,
    args: ['--user', '--map-root-user', '--mount', '--propagation', 'private', '--', execPath, ...args],
    warning:
      `${missing}: only one user id can be used, so that files of other users and USER fail. ` +
      `Install uidmap and give ${facts.userName ?? facts.euid} a range: usermod --add-subuids 100000-165535 --add-subgids 100000-165535`,
  };
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
