/** Where values of variables come from. */
export interface Env {
  /** The value, possibly empty, or undefined when the variable is not set. */
  get(name: string): string | undefined;
}
