import { spawn } from 'node:child_process';
import { VarveError } from '../errors.ts';
import { createRedactor, redactUrl } from '../io/redact.ts';

/** A setting as git's configuration has it. Values may be secrets: they are in no argument list. */
export type GitSetting = readonly [key: string, value: string];

export interface GitCall {
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly settings?: readonly GitSetting[];
  /** Of this call besides: `SSH_AUTH_SOCK`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a `file://` address of our own is read. */
  readonly allowFiles?: boolean;
}

/** The `git` program, without the user's configuration, prompts and hooks. */
export interface Git {
  /**
   * Standard output of one command.
   * @throws VarveError `GIT_MISSING` when git is not installed, {@link GitFailure} when it failed; the signal's reason
   */
  run(args: readonly string[], call?: GitCall): Promise<string>;
}

/** git said no; `said` is what it wrote, without secrets. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
  readonly said: string;

  constructor(command: string, said: string) {
    super(`git ${command}: ${said}`);
    this.said = said;
  }
}

export interface GitOptions {
  /** Where a program is; undefined when it is not installed. */
  program(name: string): string | undefined;
  /** `PATH`, proxies and `SSH_AUTH_SOCK` of the caller, as far as they are there. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Longest output kept of one command: a listing of refs has 60 bytes for each. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** What holds for every command: no hooks, no files as submodules, no cleaning up behind our back. */
const SETTINGS: readonly GitSetting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // A reflog has the time of now and this machine's name.
  ['core.logAllRefUpdates', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['init.defaultBranch', 'master'],
  ['advice.detachedHead', 'false'],
  ['protocol.version', '2'],
];

/**
 * Environment of every command. An ssh host that nobody knows yet is accepted, as BuildKit does; one whose key changed is
 * not.
 */
const ENVIRONMENT = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ALLOW_PROTOCOL: 'http:https:ssh:git',
  GIT_SSH_COMMAND: 'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new',
  HOME: '/dev/null',
  LC_ALL: 'C',
} as const;

export function createGit(options: GitOptions): Git {
  return {
    async run(args, call = {}) {
      const program = options.program('git');
      const shell = options.program('sh');
      if (!program || !shell) {
        throw new VarveError('GIT_MISSING', `a git source needs ${program ? 'sh' : 'git'}, which was not found`, {
          hint: 'install git (the package git), or give a local directory',
        });
      }
      options.signal.throwIfAborted();
      const settings = [...SETTINGS, ...(call.settings ?? [])];
      const places = [
        ...(call.gitDir === undefined ? [] : ['--git-dir', call.gitDir]),
        ...(call.workTree === undefined ? [] : ['--work-tree', call.workTree]),
      ];
      // The umask decides about the modes of a checkout; the process's own is not ours to change.
      const child = spawn(shell, ['-c', 'umask 022; exec "$@"', 'sh', program, ...places, ...args], {
        cwd: call.workTree ?? '/',
        env: {
          ...options.env,
          ...call.env,
          ...ENVIRONMENT,
          ...(call.allowFiles ? { GIT_ALLOW_PROTOCOL: 'file' } : {}),
          ...settingsEnvironment(settings),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      const stop = (): void => {
        try {
          // The group: git leaves the network to helpers.
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // it ended by itself
        }
      };
      options.signal.addEventListener('abort', stop, { once: true });
      try {
        const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
        const [out, err, code] = await Promise.all([collect(child.stdout, stop), collect(child.stderr, stop), ended]);
        options.signal.throwIfAborted();
        if (code === 0) return out;
        throw new GitFailure(args[0] ?? '', withoutSecrets(err.trim() || `ended with ${code}`, settings));
      } finally {
        options.signal.removeEventListener('abort', stop);
      }
    },
  };
}

/** Settings by environment: an argument list can be read by every user of the machine. */
function settingsEnvironment(settings: readonly GitSetting[]): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) };
  for (const [i, [key, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return env;
}

async function collect(stream: AsyncIterable<Buffer>, stop: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > OUTPUT_LIMIT_BYTES) {
      stop();
      throw new VarveError('GIT_FETCH', `git wrote more than ${OUTPUT_LIMIT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

/** git's own words, less passwords in addresses and the headers that it was given. */
function withoutSecrets(text: string, settings: readonly GitSetting[]): string {
  const redactor = createRedactor();
  for (const [key, value] of settings) {
    if (!key.endsWith('.extraheader')) continue;
    redactor.hide(value);
    redactor.hide(value.slice(value.lastIndexOf(' ') + 1));
  }
  const shown = redactor.text(Buffer.from(text, 'latin1').toString('utf8'));
  return shown.replace(/[a-z]{1,30}:\/\/[^\s'"]*@[^\s'"]*/gi, (url) => redactUrl(url));
}
