import type { Diagnosis } from './diagnose.ts';
import { printable } from './printable.ts';
import { formatBytes } from './sizes.ts';
import { textTable } from './text-table.ts';

/** A diagnosis for people. */
export function doctorText({ rungs, auto, machine, store, credentials }: Diagnosis): string {
  const table = textTable([
    ['RUNG', 'WORKS', 'HOW, OR WHY NOT'],
    ...rungs.map(({ rung, works, detail }) => [rung, works ? 'yes' : 'no', printable(detail)]),
  ]);
  const advice = rungs.flatMap(({ rung, advice: sentences }) =>
    sentences.map((sentence) => `  for ${rung}: ${sentence}\n`),
  );
  const { userNamespaces: limits } = machine;
  const facts: (readonly [string, string])[] = [
    ['user', String(machine.uid)],
    ['container', machine.container ?? 'no sign of one'],
    ['capabilities', machine.capabilities.join(' ') || 'none'],
    ['seccomp filter', yesNo(machine.seccompFilter)],
    ['no new privileges', yesNo(machine.noNewPrivileges)],
    ['security label', machine.securityLabel ?? 'none'],
    ['user namespaces', limits.max === undefined ? 'no limit known' : `at most ${limits.max}`],
    ...(limits.unprivileged === undefined ? [] : [['… for users', yesNo(limits.unprivileged)] as const]),
    ...(limits.restrictedByAppArmor === undefined
      ? []
      : [['… kept by AppArmor', yesNo(limits.restrictedByAppArmor)] as const]),
    ['overlay', machine.overlay ? 'in the kernel' : 'not loaded'],
    ['store', `${store.path} (${store.filesystem}, ${formatBytes(store.freeBytes)} free)`],
    ...Object.entries(machine.tools).map(([name, path]) => [name, path ?? 'not installed'] as const),
    ['credentials', credentials.length === 0 ? 'no file or variable' : credentials.join(' ')],
  ];
  const overlay = store.isOnOverlay
    ? '  for an overlay as rootfs: put the store on a volume (an emptyDir at $VARVE_STORE will do); it lies on an overlay itself\n'
    : '';
  return [
    table,
    `\nauto: ${auto ?? 'nothing works: only builds without RUN can be done'}\n`,
    advice.length + overlay.length === 0 ? '' : `\nwhat to change:\n${advice.join('')}${overlay}`,
    `\n${textTable(facts)}`,
  ].join('');
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
