/** Word expansion bound to one instruction's environment: the variables as they were before it. */
export interface Words {
  /** One word to one word. @throws VarveError `SUBSTITUTION` */
  one(text: string): string;
  /** One word to as many as its value has. */
  many(text: string): string[];
}
