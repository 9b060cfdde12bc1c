import { Writable } from 'node:stream';

const NEWLINE = 0x0a;

/** A stream that writes what it gets to another one, with the time in front of every line. */
export function timedLines(out: Writable, now: () => number): Writable {
  let isLineStart = true;
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      const parts: Buffer[] = [];
      for (let from = 0; from < chunk.length; ) {
        const newline = chunk.indexOf(NEWLINE, from);
        const end = newline < 0 ? chunk.length : newline + 1;
        if (isLineStart) parts.push(Buffer.from(`${new Date(now()).toISOString()} `));
        parts.push(chunk.subarray(from, end));
        isLineStart = newline >= 0;
        from = end;
      }
      out.write(Buffer.concat(parts), () => done());
    },
  });
}
