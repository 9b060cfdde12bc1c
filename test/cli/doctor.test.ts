import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Diagnosis } from '../../src/cli/diagnose.ts';
import { containerSign } from '../../src/sandbox/container-sign.ts';
import type { MachineFacts } from '../../src/sandbox/machine-facts.ts';
import { podAdvice } from '../../src/sandbox/pod-advice.ts';
import { cannotRun } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';
import { cliBench } from './support/cli-bench.ts';

test('doctor prints every rung, tools and the store; names of credentials, never their values', async (t) => {
  const reason = cannotRun();
  if (reason) {
    notRun(t, reason);
    return;
  }
  const bench = cliBench(t);
  const docker = bench.directory('docker', {});
  writeFileSync(join(docker, 'config.json'), '{"auths":{"example.com":{"auth":"c2VjcmV0"}}}');
  const env = {
    DOCKER_CONFIG: docker,
    DOCKER_AUTH_CONFIG: '{"auths":{}} topsecret',
    VARVE_EXAMPLE_COM_PASSWORD: 'topsecret',
  };
  const json = await bench.with(env).varve('doctor', '--json');
  t.is(json.code, 0, json.stderr);
  const found = JSON.parse(json.stdout) as Diagnosis;
  t.deepEqual(
    found.rungs.map(({ rung }) => rung),
    ['oci', 'namespaces', 'chroot', 'in-place'],
  );
  t.like(found.rungs[1], { works: true, advice: [] });
  t.like(found.rungs[2], { works: true, detail: 'no /proc' });
  t.true(found.auto === 'oci' || found.auto === 'namespaces');
  t.like(found.store, { path: bench.store, isOnOverlay: false });
  t.deepEqual(found.credentials, [join(docker, 'config.json'), '$DOCKER_AUTH_CONFIG', '$VARVE_EXAMPLE_COM_PASSWORD']);
  t.notRegex(json.stdout, /topsecret|c2VjcmV0/);
  const text = await bench.varve('doctor');
  t.regex(text.stdout, /^RUNG +WORKS +HOW, OR WHY NOT\noci /);
  t.regex(text.stdout, /\nchroot +yes +no \/proc\n/);
  t.deepEqual(bench.leftovers().temps, []);
});

const pod: MachineFacts = {
  uid: 0,
  capabilities: ['CHOWN', 'SYS_CHROOT'],
  seccompFilter: true,
  noNewPrivileges: false,
  securityLabel: undefined,
  userNamespaces: { max: 1000, unprivileged: undefined, restrictedByAppArmor: undefined },
  overlay: true,
  tools: { runc: '/runc', unshare: '/unshare', setpriv: '/setpriv', mount: '/mount' },
};

test('what to change in a pod, by what stands in the way', (t) => {
  const advice = (facts: Partial<MachineFacts>, rung: 'oci' | 'namespaces' | 'chroot' = 'namespaces') =>
    podAdvice(rung, { ...pod, ...facts }, '').join('\n');
  t.regex(advice({}), /^securityContext.seccompProfile.type: Unconfined, or hostUsers: false/);
  t.regex(advice({ seccompFilter: false, securityLabel: 'cri-containerd.apparmor.d (enforce)' }), /appArmorProfile/);
  t.regex(advice({ userNamespaces: { ...pod.userNamespaces, max: 0 } }), /max_user_namespaces is 0/);
  t.regex(advice({ uid: 1000, noNewPrivileges: true }), /allowPrivilegeEscalation: true/);
  t.regex(advice({ tools: { ...pod.tools, unshare: null } }), /install util-linux \(unshare\)/);
  t.regex(advice({ tools: { ...pod.tools, runc: null } }, 'oci'), /^install runc\n/);
  t.regex(advice({ capabilities: [] }, 'chroot'), /add: \[SYS_CHROOT, /);
  t.is(advice({ seccompFilter: false, capabilities: ['SYS_ADMIN'] }), '');
});

test('a container is known by its runtime, a machine by nothing', (t) => {
  const machine = { env: {}, exists: () => false, cgroup: '0::/init.scope\n' };
  t.is(containerSign(machine), undefined);
  t.regex(containerSign({ ...machine, env: { container: 'oci' } }) ?? '', /variable container is oci/);
  t.regex(containerSign({ ...machine, env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }) ?? '', /KUBERNETES/);
  t.is(containerSign({ ...machine, exists: (path) => path === '/.dockerenv' }), '/.dockerenv exists');
  t.regex(containerSign({ ...machine, cgroup: '0::/kubepods/besteffort/x\n' }) ?? '', /kubepods/);
});
