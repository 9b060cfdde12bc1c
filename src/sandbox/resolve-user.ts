import { VarveError } from '../errors.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, without the primary one unless the file lists it. */
  readonly groups: readonly number[];
  readonly home?: string;
  readonly name?: string;
}

/** Text of the image's /etc/passwd and /etc/group, when it has them. */
export interface UserFiles {
  readonly passwd?: string;
  readonly group?: string;
}

/** A longer line is no entry (Go's bufio.Scanner, which Docker reads them with, has the same limit). */
const MAX_LINE_CHARS = 65536;
/** moby/sys/user: ids from 0 to 2^31 - 1. */
const MAX_ID = 0x7fffffff;

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * What `USER name|uid[:group|gid]` means in an image: moby/sys/user's GetExecUser, as Docker and BuildKit use it.
 * An empty spec is root. A number is always an id, with or without an entry (gid 0 then); supplementary groups are those
 * that list the user by name, unless a group is given. `root` needs no passwd file.
 * @throws VarveError `UNKNOWN_USER`, `UNKNOWN_GROUP`, `USER_RANGE`
 */
export function resolveUser(spec: string, files: UserFiles): ResolvedUser {
  const colon = spec.indexOf(':');
  const userWord = (colon < 0 ? spec : spec.slice(0, colon)) || '0';
  const groupWord = colon < 0 ? '' : spec.slice(colon + 1);

  const number = parseId(userWord);
  const entry = findPasswd(files.passwd ?? '', number === undefined ? { name: userWord } : { uid: number });
  if (!entry && number === undefined && userWord !== 'root') {
    throw new VarveError('UNKNOWN_USER', `unable to find user ${userWord}: no matching entries in passwd file`, {
      hint: 'create the user in an earlier RUN, or give its number',
    });
  }
  const user = {
    uid: entry?.uid ?? number ?? 0,
    ...(entry ? { name: entry.name, home: entry.home } : {}),
  };
  if (groupWord !== '') return { ...user, gid: resolveGroup(groupWord, files.group ?? ''), groups: [] };
  return { ...user, gid: entry?.gid ?? 0, groups: entry ? groupsOf(entry.name, files.group ?? '') : [] };
}

/** Whether what a spec's ids are depends on the image's files, so that a caller can do without them: root, `10:20`. */
export function userNeedsFiles(spec: string): boolean {
  const [user = '', group = ''] = spec.split(':', 2);
  if (group !== '' && parseId(group) === undefined) return true;
  return group === ''
    ? !['', '0', 'root'].includes(user)
    : user !== '' && user !== 'root' && parseId(user) === undefined;
}

function resolveGroup(word: string, text: string): number {
  const number = parseId(word);
  if (number !== undefined) return number;
  for (const group of groupEntries(text)) if (group.name === word) return group.gid;
  throw new VarveError('UNKNOWN_GROUP', `unable to find group ${word}: no matching entries in group file`, {
    hint: 'create the group in an earlier RUN, or give its number',
  });
}

function findPasswd(text: string, wanted: { name: string } | { uid: number }): PasswdEntry | undefined {
  for (const entry of passwdEntries(text)) {
    if ('uid' in wanted ? entry.uid === wanted.uid : entry.name === wanted.name) return entry;
  }
  return undefined;
}

function groupsOf(name: string, text: string): number[] {
  const gids = new Set<number>();
  for (const group of groupEntries(text)) if (group.members.includes(name)) gids.add(group.gid);
  return [...gids];
}

/** passwd(5): name:password:uid:gid:comment:home:shell. */
function* passwdEntries(text: string): Generator<PasswdEntry> {
  for (const fields of entryFields(text)) {
    const [name = '', , uid = '', gid = '', , home = ''] = fields;
    if (fields.length < 4 || name === '' || !isId(uid) || !isId(gid)) continue;
    yield { name, uid: Number(uid), gid: Number(gid), home: home || '/' };
  }
}

/** group(5): name:password:gid:members. */
function* groupEntries(text: string): Generator<GroupEntry> {
  for (const fields of entryFields(text)) {
    const [name = '', , gid = '', members = ''] = fields;
    if (fields.length < 3 || name === '' || !isId(gid)) continue;
    yield { name, gid: Number(gid), members: members.split(',').map((member) => member.trim()) };
  }
}

function* entryFields(text: string): Generator<string[]> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end - start <= MAX_LINE_CHARS) {
      const line = text.slice(start, end).trim();
      if (line !== '' && !line.startsWith('#')) yield line.split(':');
    }
    start = end + 1;
  }
}

function isId(word: string): boolean {
  return /^\d{1,10}$/.test(word) && Number(word) <= MAX_ID;
}

/** A number in a USER instruction; undefined when it is a name. */
function parseId(word: string): number | undefined {
  if (!/^[+-]?\d+$/.test(word)) return undefined;
  const id = Number(word);
  if (id < 0 || id > MAX_ID) {
    throw new VarveError('USER_RANGE', `the id ${word} is not between 0 and ${MAX_ID}`);
  }
  return id;
}
