import { type SourceLocation, VarveError } from '../errors.ts';

/** A `DOCKERFILE_SYNTAX` error; the location may be filled in later with `.at()`. */
export function syntaxError(message: string, location?: SourceLocation, hint?: string): VarveError {
  return new VarveError('DOCKERFILE_SYNTAX', message, {
    ...(location === undefined ? {} : { location }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Runs `body`; a VarveError without a location gets this one. */
export function located<T>(location: SourceLocation, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof VarveError ? error.at(location) : error;
  }
}
