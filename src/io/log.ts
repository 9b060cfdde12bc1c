/** Where modules say what a user may want to know; the CLI decides how it looks. */
export interface Log {
  warn(message: string): void;
  debug(message: string): void;
}

export const silentLog: Log = { warn: () => {}, debug: () => {} };
