import { existsSync, readFileSync } from 'node:fs';
import { VarveError } from '../errors.ts';

/** True when the scripts had finished setting up (see sandbox-script.ts). */
export function hasStarted(scratch: string): boolean {
  return existsSync(`${scratch}/started`);
}

/** The sandbox's own failure, with what its tools said: `message`, or the end of the log. */
export function setupError(scratch: string, rung: string, exitCode: number, message?: string): VarveError {
  const log = message ?? readLog(`${scratch}/sandbox.log`);
  return new VarveError('SANDBOX_SETUP', `the ${rung} sandbox could not be set up: ${log || `exit code ${exitCode}`}`, {
    hint: '`varve doctor` says what isolation works on this machine',
  });
}

/** `exec: "foo": not found`, as the user of a Dockerfile reads it. */
export function execMessage(command: string, exitCode: number, detail: string): Buffer {
  const reason = exitCode === 127 ? 'not found' : detail;
  return Buffer.from(`exec: ${JSON.stringify(command)}: ${reason}\n`);
}

function readLog(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    return lines.slice(-5).join('; ').slice(0, 1000);
  } catch {
    return '';
  }
}
