import { VarveError } from '../../errors.ts';
import type { LoadedDockerfile } from './load-dockerfile.ts';

/** An error about a Dockerfile with its text: its lines can be shown, wherever the file came from. Others stay as they are. */
export function withSource(error: unknown, { path, bytes }: LoadedDockerfile): unknown {
  if (!(error instanceof VarveError) || error.location?.file !== path) return error;
  return error.withSource(Buffer.from(bytes).toString('utf8'));
}
