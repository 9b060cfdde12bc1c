import { StringDecoder } from 'node:string_decoder';

/** A line that is longer is cut there. */
const LONGEST_LINE = 16 * 1024;

/** Makes lines of what commands write in pieces: each stream of each step has its own. */
export interface LineSplitter {
  /** The lines that end in this piece. */
  take(key: string, data: Buffer): string[];
  /** What has begun and not ended, if anything has. */
  rest(key: string): string[];
}

export function createLineSplitter(): LineSplitter {
  const open = new Map<string, { readonly decoder: StringDecoder; text: string }>();
  return {
    take(key, data) {
      const stream = open.get(key) ?? { decoder: new StringDecoder('utf8'), text: '' };
      open.set(key, stream);
      const lines = (stream.text + stream.decoder.write(data)).split('\n');
      stream.text = lines.pop()!;
      while (stream.text.length > LONGEST_LINE) {
        lines.push(stream.text.slice(0, LONGEST_LINE));
        stream.text = stream.text.slice(LONGEST_LINE);
      }
      return lines;
    },
    rest(key) {
      const stream = open.get(key);
      open.delete(key);
      const text = stream ? stream.text + stream.decoder.end() : '';
      return text === '' ? [] : [text];
    },
  };
}
