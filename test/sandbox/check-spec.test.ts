import test from 'ava';
import { checkSpec, supplementaryGroups } from '../../src/sandbox/check-spec.ts';
import type { HostFacts } from '../../src/sandbox/host-facts.ts';
import type { RunSpec } from '../../src/sandbox/sandbox.ts';

const facts: HostFacts = {
  inUserNamespace: false,
  canSetGroups: true,
  fullIdMap: true,
  capabilities: [],
  effective: [],
  cgroupMounts: [],
  isProcWhole: true,
  architecture: 'x64',
};
const spec: RunSpec = {
  rootfs: { lower: ['/l'], upper: '/u', work: '/w' },
  argv: ['true'],
  env: ['PATH=/bin', 'EMPTY='],
  cwd: '/',
  user: { uid: 0, gid: 0, groups: [] },
  mounts: [],
  network: 'host',
  hostname: 'x',
  privileged: false,
  rlimits: [],
  scratch: '/s',
};

test('what no rung can run is refused', (t) => {
  t.notThrows(() => checkSpec(spec, facts));
  const refused = (more: Partial<RunSpec>, code: string, otherFacts = facts) =>
    t.throws(() => checkSpec({ ...spec, ...more }, otherFacts), { code });
  refused({ argv: [] }, 'SANDBOX_ARGUMENTS');
  refused({ argv: [''] }, 'SANDBOX_ARGUMENTS');
  refused({ argv: ['a\0b'] }, 'SANDBOX_ARGUMENTS');
  refused({ env: ['=x'] }, 'SANDBOX_ARGUMENTS');
  refused({ env: ['NAME'] }, 'SANDBOX_ARGUMENTS');
  refused({ env: ['A=\0'] }, 'SANDBOX_ARGUMENTS');
  refused({ cwd: '/\0' }, 'SANDBOX_ARGUMENTS');
  refused({ user: { uid: -1, gid: 0, groups: [] } }, 'SANDBOX_USER');
  refused({ user: { uid: 0, gid: 0xffffffff, groups: [] } }, 'SANDBOX_USER');
  refused({ user: { uid: 0, gid: 0, groups: [1.5] } }, 'SANDBOX_USER');
  refused({ user: { uid: 5, gid: 0, groups: [] } }, 'SANDBOX_USER', { ...facts, canSetGroups: false });
});

test('the primary group is a supplementary one too', (t) => {
  t.deepEqual(supplementaryGroups({ uid: 1, gid: 2, groups: [3, 2, 3] }), [2, 3]);
});
