import type { MachineFacts } from './machine-facts.ts';
import type { Rung } from './sandbox.ts';

/**
 * What to change, in a pod's specification first, so that a rung works that does not: one sentence each.
 * @param detail why it does not
 * @param onVolume false when the store lies on an overlay
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
 */
export function podAdvice(rung: Rung, facts: MachineFacts, detail: string): string[] {
  switch (rung) {
    case 'oci':
      return [
        ...(facts.tools.runc === null ? ['install runc'] : []),
        ...mountAdvice(facts),
        ...(/proc/.test(detail) && /mount/.test(detail)
          ? [
              'unmask /proc: hostUsers: false with securityContext.procMount: Unmasked, or with capabilities.add: [SYS_ADMIN]',
            ]
          : []),
      ];
    case 'namespaces': {
      const missing = ['unshare', 'setpriv', 'mount'].filter((name) => facts.tools[name] === null);
      return [...(missing.length > 0 ? [`install util-linux (${missing.join(', ')})`] : []), ...mountAdvice(facts)];
    }
    case 'chroot':
      return facts.capabilities.includes('SYS_CHROOT')
        ? []
        : [
            "run as root with the runtime's default capabilities: runAsUser: 0, and no capabilities.drop without add: [SYS_CHROOT, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID, SETPCAP, SETFCAP, MKNOD, KILL]",
          ];
    case 'in-place':
      return facts.uid === 0 ? ['ask for it: --isolation in-place'] : ['run as root: runAsUser: 0'];
  }
}

/** Who may mount: CAP_SYS_ADMIN, or root of a user namespace. */
function mountAdvice(facts: MachineFacts): string[] {
  if (facts.capabilities.includes('SYS_ADMIN')) {
    return facts.securityLabel === undefined
      ? []
      : [`allow mounts (the profile is ${facts.securityLabel}): securityContext.appArmorProfile.type: Unconfined`];
  }
  const advice: string[] = [];
  const { max, unprivileged, restrictedByAppArmor } = facts.userNamespaces;
  if (max === 0) advice.push('allow user namespaces on the node: sysctl user.max_user_namespaces is 0');
  if (unprivileged === false && facts.uid !== 0)
    advice.push('allow user namespaces on the node: sysctl kernel.unprivileged_userns_clone is 0');
  if (restrictedByAppArmor && facts.uid !== 0)
    advice.push('allow user namespaces on the node: sysctl kernel.apparmor_restrict_unprivileged_userns is 1');
  if (facts.seccompFilter) {
    advice.push(
      'securityContext.seccompProfile.type: Unconfined, or hostUsers: false with capabilities.add: [SYS_ADMIN]',
    );
  }
  if (facts.securityLabel !== undefined)
    advice.push(`securityContext.appArmorProfile.type: Unconfined (the profile is ${facts.securityLabel})`);
  if (facts.noNewPrivileges && facts.uid !== 0)
    advice.push('allowPrivilegeEscalation: true, for newuidmap; or runAsUser: 0');
  return advice;
}
