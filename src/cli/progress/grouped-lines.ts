import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { LineSink } from './plain-progress.ts';

/** How a CI's log viewer folds lines. Gives what is written before and after the lines of a group. */
export interface GroupForm {
  open(title: string): { readonly head: string; readonly tail: string };
}

/** What steps behind the first one have written is held so long, in characters; then its group comes to the front. */
const HELD_CHARS = 1024 * 1024;

interface Group {
  readonly step: string;
  readonly title: string;
  lines: string[];
  chars: number;
  isEnded: boolean;
  isContinued: boolean;
}

/**
 * Groups cannot lie in each other: one step's lines are written as they come, those of steps beside it wait for their
 * turn. A step without output is no group.
 */
export function groupedLines(out: Writable, form: GroupForm): LineSink & { finish(): void } {
  const groups = new Map<string, Group>();
  let front: { readonly group: Group; readonly tail: string } | undefined;

  const toFront = (group: Group): void => {
    const { head, tail } = form.open(group.isContinued ? `${group.title} (continued)` : group.title);
    group.isContinued = true;
    front = { group, tail };
    out.write(head);
    flush(group);
  };
  const flush = (group: Group): void => {
    if (group.lines.length) out.write(`${group.lines.join('\n')}\n`);
    group.lines = [];
    group.chars = 0;
  };
  const close = (): void => {
    if (front) out.write(front.tail);
    front = undefined;
  };
  /** Writes all that has ended, then lets the step that has waited longest go on. */
  const next = (): void => {
    close();
    for (const group of groups.values()) {
      if (!group.isEnded) continue;
      toFront(group);
      close();
      groups.delete(group.step);
    }
    const [waiting] = [...groups.values()].filter(({ lines }) => lines.length > 0);
    if (waiting) toFront(waiting);
  };
  return {
    start(step, title) {
      groups.set(step, { step, title, lines: [], chars: 0, isEnded: false, isContinued: false });
    },
    line(step, line) {
      const group = step === undefined ? undefined : groups.get(step);
      if (!group) {
        // Of no step: inside of a group it would be hidden.
        const before = front?.group;
        close();
        out.write(`${line}\n`);
        if (before) toFront(before);
        return;
      }
      group.lines.push(line);
      group.chars += line.length;
      if (front === undefined) toFront(group);
      else if (front.group === group) flush(group);
      else if (group.chars > HELD_CHARS) {
        close();
        toFront(group);
      }
    },
    end(step, line) {
      const group = groups.get(step);
      if (!group) return;
      const isSilent = group.lines.length === 0 && !group.isContinued;
      if (isSilent) {
        groups.delete(step);
        this.line(undefined, `${group.title}\n${line}`);
        return;
      }
      group.lines.push(line);
      group.isEnded = true;
      if (front?.group !== group) return;
      flush(group);
      groups.delete(step);
      next();
    },
    /** Writes all that is held: nothing more comes. */
    finish() {
      for (const group of groups.values()) group.isEnded = group.lines.length > 0;
      next();
    },
  };
}

/**
 * What commands write is no command to the runner: it is told to take none until a word that nobody can know.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const gitHubGroups: GroupForm = {
  open(title) {
    const word = randomBytes(16).toString('hex');
    return {
      head: `::group::${title}\n::stop-commands::${word}\n`,
      tail: `::${word}::\n::endgroup::\n`,
    };
  },
};

/** @see https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
export function gitLabSections(nowMs: () => number): GroupForm {
  let count = 0;
  const mark = (kind: 'start' | 'end', name: string): string =>
    `\u001b[0Ksection_${kind}:${Math.floor(nowMs() / 1000)}:${name}\r\u001b[0K`;
  return {
    open(title) {
      count++;
      const name = `varve_${count}`;
      return { head: `${mark('start', `${name}[collapsed=true]`)}${title}\n`, tail: `${mark('end', name)}\n` };
    },
  };
}
