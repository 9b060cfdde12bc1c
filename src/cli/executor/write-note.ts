import { systemClock } from '../../io/clock.ts';
import type { LogStyle } from './log-style.ts';

/** Writes notes as the log is written; none of them where only warnings are wanted. */
export function noteWriter({ progress }: LogStyle, out: NodeJS.WritableStream): (text: string) => void {
  return (text) => {
    if (progress === 'quiet') return;
    const time = new Date(systemClock.now()).toISOString();
    const event = { type: 'message', level: 'info', text: `note: ${text}`, time };
    out.write(progress === 'json' ? `${JSON.stringify(event)}\n` : `note: ${text}\n`);
  };
}
