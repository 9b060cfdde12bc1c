/** How a flag's value is read: Go's pflag, and the types of kaniko's own. */
export type FlagType =
  | 'string'
  /** `--flag`, or `--flag=` and what Go's ParseBool takes; never the next word. */
  | 'bool'
  | 'int'
  | 'duration'
  /** Repeatable; a value with commas is one value. */
  | 'multi'
  /** Repeatable, and commas separate values. */
  | 'list'
  /** Repeatable `key=value`. */
  | 'pairs';

/** What varve makes of a flag or variable of kaniko. */
export type Meaning =
  /** It does what it does in kaniko. */
  | 'same'
  /** It is taken, and one line says why nothing comes of it. */
  | 'noted'
  /** It ends the command with an error that says what to use. */
  | 'refused';

/** One flag of kaniko's command line. */
export interface FlagRow {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  readonly default?: string;
  /** A variable that says the same. */
  readonly env?: string;
  readonly meaning: Meaning;
  /** The flag of `varve build` (or another command) that it becomes, with the same value. */
  readonly to?: string;
  /** The flag that this is an old or other name of. */
  readonly alias?: string;
  /** Of `same`, what it does; of `noted`, what is so instead; of `refused`, what to use. */
  readonly says: string;
  /** Values that are refused, or noted, though the flag itself is not; with what is said of them. */
  readonly but?: Readonly<Record<string, string>>;
  /** varve's own, and not kaniko's. */
  readonly own?: boolean;
}
