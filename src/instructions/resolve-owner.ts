import { VarveError } from '../errors.ts';

/** Numeric owner of a file. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ResolvedOwner extends Owner {
  /** Names of --chown that the image does not know: they count as id 0, as in BuildKit. Worth a warning. */
  readonly unknown: readonly string[];
}

/** Contents of the image's own files; absent when there is none. */
export interface OwnerFiles {
  readonly passwd?: Buffer | undefined;
  readonly group?: Buffer | undefined;
}

/** Highest id of Linux: 2^32-1 means "leave as it is" to chown(2). */
const MAX_ID = 0xffff_fffe;

/**
 * Owner of `--chown=user[:group]` (BuildKit's rules): a number is taken as it is and gives the group the same number; a
 * name gives passwd's uid and gid; `root` is 0 everywhere; an unknown name, or a name without a passwd file, is 0.
 * Throws `CHOWN_INVALID` for a number that is no id.
 */
export function resolveOwner(spec: string, files: OwnerFiles): ResolvedOwner {
  const colon = spec.indexOf(':');
  const userPart = colon < 0 ? spec : spec.slice(0, colon);
  const groupPart = colon < 0 ? undefined : spec.slice(colon + 1);
  const unknown: string[] = [];

  let uid = parseId(userPart, spec);
  let gid = uid;
  if (uid === undefined) {
    const line = findLine(files.passwd, userPart);
    if (!line) unknown.push(userPart);
    uid = toId(line?.[2]);
    gid = toId(line?.[3]);
  }
  if (groupPart !== undefined) {
    const id = parseId(groupPart, spec);
    const line = id === undefined ? findLine(files.group, groupPart) : undefined;
    if (id !== undefined) gid = id;
    else if (line) gid = toId(line[2]);
    else if (groupPart !== '') unknown.push(groupPart);
  }
  return { uid, gid: gid ?? 0, unknown };
}

/** Whether the owner depends on the image's passwd or group, so a caller can skip reading them. */
export function ownerNeedsFiles(spec: string): boolean {
  return spec
    .split(':', 2)
    .concat(spec.split(':').slice(2))
    .some((part) => part !== '' && parseId(part, spec) === undefined);
}

function parseId(text: string, spec: string): number | undefined {
  if (text === 'root') return 0;
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > MAX_ID) {
    throw new VarveError('CHOWN_INVALID', `--chown=${spec}: ${text} is no user or group id`, {
      hint: `Ids go from 0 to ${MAX_ID}.`,
    });
  }
  return id;
}

/** Fields of the first line of passwd(5) or group(5) with this name. */
function findLine(file: Buffer | undefined, name: string): string[] | undefined {
  if (!file || name === '') return undefined;
  for (const line of file.toString('utf8').split('\n')) {
    const fields = line.trim().split(':');
    if (fields[0] === name) return fields;
  }
  return undefined;
}

function toId(field: string | undefined): number {
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : 0;
}
