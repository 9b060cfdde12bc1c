import { VarveError } from '../errors.ts';

/**
 * `--ssh default|ID[=SOCKET|=KEY[,KEY]]` as docker buildx reads it: without a path, the agent of SSH_AUTH_SOCK.
 * @throws VarveError `USAGE`
 */
export function parseSsh(texts: readonly string[], agent: string | undefined): Map<string, readonly string[]> {
  const sources = new Map<string, readonly string[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const id = equals < 0 ? text : text.slice(0, equals);
    const paths = equals < 0 ? [] : text.slice(equals + 1).split(',');
    if (id === '') throw usage(text, 'the id is missing');
    if (sources.has(id)) throw usage(text, `there are two of ${id}`);
    if (paths.length === 0 && !agent) throw usage(text, 'no agent is running: SSH_AUTH_SOCK is not set');
    if (paths.includes('')) throw usage(text, 'a path is missing');
    sources.set(id, paths.length > 0 || !agent ? paths : [agent]);
  }
  return sources;
}

function usage(text: string, why: string): VarveError {
  return new VarveError('USAGE', `--ssh ${text}: ${why}`, {
    hint: '--ssh default, --ssh ID=SOCKET or --ssh ID=KEY,KEY',
    exitCode: 2,
  });
}
