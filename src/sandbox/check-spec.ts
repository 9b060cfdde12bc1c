import { VarveError } from '../errors.ts';
import type { HostFacts } from './host-facts.ts';
import type { RunSpec } from './sandbox.ts';

/** @throws VarveError `SANDBOX_ARGUMENTS`, `SANDBOX_USER` for what no rung can run. */
export function checkSpec(spec: RunSpec, facts: HostFacts): void {
  if (spec.argv.length === 0 || spec.argv[0] === '') {
    throw new VarveError('SANDBOX_ARGUMENTS', 'the command is empty');
  }
  for (const variable of spec.env) {
    if (variable.indexOf('=') < 1) {
      throw new VarveError('SANDBOX_ARGUMENTS', `the environment entry ${JSON.stringify(variable)} has no name`);
    }
  }
  for (const text of [...spec.argv, ...spec.env, spec.cwd, spec.hostname]) {
    if (text.includes('\0')) {
      throw new VarveError('SANDBOX_ARGUMENTS', 'the command, its directory or its environment has a NUL byte');
    }
  }
  const { uid, gid, groups } = spec.user;
  for (const id of [uid, gid, ...groups]) {
    // 2^32 - 1 means "no change" to setuid(2).
    if (!Number.isInteger(id) || id < 0 || id >= 0xffffffff) {
      throw new VarveError('SANDBOX_USER', `${id} is not a user or group id`);
    }
  }
  if (!facts.canSetGroups && facts.fullIdMap && (uid !== 0 || gid !== 0)) {
    throw new VarveError(
      'SANDBOX_USER',
      `varve cannot become user ${uid}:${gid}: CAP_SETGID or CAP_SETUID is missing`,
      {
        hint: 'add SETUID and SETGID to the container (securityContext.capabilities.add)',
      },
    );
  }
  if (!facts.canSetGroups && (uid !== 0 || gid !== 0)) {
    throw new VarveError('SANDBOX_USER', `user ${uid}:${gid} does not exist here: only one id is mapped`, {
      hint: 'give the user that runs varve a range in /etc/subuid and /etc/subgid, and install uidmap',
    });
  }
}

/** With the primary group: one that a program gives up by setgid must not open what the group is shut out of (CVE-2022-36109). */
export function supplementaryGroups(user: RunSpec['user']): number[] {
  return [...new Set([user.gid, ...user.groups])];
}
