/** Deeper documents are nobody's: what works on values calls itself for each level, and the stack ends. */
const DEPTH_LIMIT = 128;

/**
 * Reads JSON that others wrote.
 * @throws SyntaxError for what is none, or is nested deeper than {@link DEPTH_LIMIT}
 */
export function parseJson(given: Uint8Array | string): unknown {
  const text = typeof given === 'string' ? given : Buffer.from(given).toString('utf8');
  checkDepth(text);
  return JSON.parse(text);
}

const MARKS = /["[\]{}]/g;
/** What a string may hold before its end; sticky, so that each is read once. */
const REST_OF_STRING = /[^"\\]*(?:\\[\s\S][^"\\]*)*/y;

function checkDepth(text: string): void {
  let depth = 0;
  MARKS.lastIndex = 0;
  for (let mark = MARKS.exec(text); mark; mark = MARKS.exec(text)) {
    if (mark[0] === '"') {
      REST_OF_STRING.lastIndex = MARKS.lastIndex;
      REST_OF_STRING.exec(text);
      MARKS.lastIndex = REST_OF_STRING.lastIndex + 1;
    } else if (mark[0] === '[' || mark[0] === '{') {
      if (++depth > DEPTH_LIMIT) {
        MARKS.lastIndex = 0;
        throw new SyntaxError(`it is nested deeper than ${DEPTH_LIMIT} levels`);
      }
    } else depth--;
  }
}
