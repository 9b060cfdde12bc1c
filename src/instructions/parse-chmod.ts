import { VarveError } from '../errors.ts';

/** A parsed `--chmod`. */
export interface ChmodSpec {
  /** As written, for keys and messages. */
  readonly text: string;
  /** The mode itself, when it was written in octal. */
  readonly octal?: number;
  /** What to do to a mode, in order, when it was written in symbols. */
  readonly steps: readonly ChmodStep[];
}

type ChmodStep =
  /** Set or clear `bits`; with `onlyIfExecutable` on directories and on what somebody could execute before. */
  | { readonly op: '+' | '-'; readonly bits: number; readonly onlyIfExecutable?: true }
  /** Copies the permissions of one class of users to the classes in `to`. */
  | { readonly op: 'copy'; readonly how: Operator; readonly from: 'u' | 'g' | 'o'; readonly to: number };

type Operator = '+' | '-' | '=';

const SETUID = 0o4000;
const SETGID = 0o2000;
const STICKY = 0o1000;
const READ = 0o444;
const WRITE = 0o222;
const EXECUTE = 0o111;
const OTHERS = 0o007;
/** What `a` and an empty who stand for: everything but the sticky bit, as in BSD's setmode(3). */
const ALL = 0o6777;
const SHIFT = { u: 6, g: 3, o: 0 } as const;
const MAX_OCTAL = 0o7777;

/**
 * Parses `--chmod`: an octal number up to 07777 or chmod(1)'s symbols, with a umask of 0. The symbols mean what they mean
 * to BuildKit, which follows BSD's setmode(3): `o+s` and `o+t` do nothing, `=` without a class keeps the sticky bit.
 * Throws `CHMOD_INVALID`.
 */
export function parseChmod(text: string): ChmodSpec {
  if (/^[0-9]/.test(text)) {
    const octal = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    if (!(octal <= MAX_OCTAL)) {
      throw new VarveError(
        'CHMOD_INVALID',
        `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
      );
    }
    return { text, octal, steps: [] };
  }
  return { text, steps: text.split(',').flatMap((clause) => parseClause(clause, text)) };
}

/** The mode that `spec` makes of a mode: 0 to 07777. */
export function applyChmod(spec: ChmodSpec, before: number, isDirectory: boolean): number {
  if (spec.octal !== undefined) return spec.octal;
  let mode = before;
  for (const step of spec.steps) {
    if (step.op === 'copy') mode = copyClass(mode, step);
    else if (step.onlyIfExecutable && !isDirectory && (before & EXECUTE) === 0) continue;
    else mode = step.op === '+' ? mode | step.bits : mode & ~step.bits;
  }
  return mode;
}

/** One clause: classes, then one or more of an operator with permissions (`u=rw+X`). */
function parseClause(clause: string, text: string): ChmodStep[] {
  const parts = /^([augo]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
  if (!parts) {
    throw new VarveError('CHMOD_INVALID', `invalid chmod parameter: '${text}'. invalid syntax`, {
      hint: "Write an octal mode such as 755, or chmod's symbols such as u=rwX,go=rX.",
    });
  }
  let who = 0;
  for (const letter of parts[1] ?? '') {
    who |= letter === 'a' ? ALL : letter === 'u' ? SETUID | 0o700 : letter === 'g' ? SETGID | 0o070 : OTHERS;
  }
  const steps: ChmodStep[] = [];
  for (const [, how, letters] of (parts[2] ?? '').matchAll(/([-+=])([rwxXstugo]*)/g)) {
    steps.push(...parseAction(who, how as Operator, letters ?? ''));
  }
  return steps;
}

function parseAction(classes: number, how: Operator, letters: string): ChmodStep[] {
  const steps: ChmodStep[] = [];
  let who = classes;
  let bits = 0;
  let executable = false;
  let cleared = how !== '=';
  const mask = (): number => (who === 0 ? MAX_OCTAL : who);
  const flush = (): void => {
    if (how === '=' && (!cleared || bits !== 0)) steps.push({ op: '-', bits: who === 0 ? ALL : who });
    cleared = true;
    if (bits !== 0) steps.push({ op: how === '-' ? '-' : '+', bits: bits & mask() });
    if (executable) steps.push({ op: '+', bits: EXECUTE & mask(), onlyIfExecutable: true });
    bits = 0;
    executable = false;
  };
  for (const letter of letters) {
    const more = who === 0 || (who & ~OTHERS) !== 0;
    if (letter === 'r') bits |= READ;
    else if (letter === 'w') bits |= WRITE;
    else if (letter === 'x') bits |= EXECUTE;
    else if (letter === 'X') executable = how !== '-';
    else if (letter === 's') bits |= more ? SETUID | SETGID : 0;
    else if (letter === 't') {
      if (more) {
        who |= STICKY;
        bits |= STICKY;
      }
    } else if (letter === 'u' || letter === 'g' || letter === 'o') {
      if (bits !== 0 || executable) flush();
      cleared = true;
      steps.push({ op: 'copy', how, from: letter, to: who === 0 ? 0o777 : who & 0o777 });
    }
  }
  flush();
  return steps;
}

function copyClass(mode: number, step: Extract<ChmodStep, { op: 'copy' }>): number {
  const value = (mode >> SHIFT[step.from]) & 0o7;
  let result = mode;
  for (const shift of [6, 3, 0]) {
    const field = 0o7 << shift;
    if ((step.to & field) === 0) continue;
    if (step.how === '=') result &= ~field;
    if (step.how === '-') result &= ~(value << shift);
    else result |= value << shift;
  }
  return result;
}
