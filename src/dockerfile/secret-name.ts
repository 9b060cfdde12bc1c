/** Names of variables that hold secrets, and words that take the suspicion away, as BuildKit has them. */
const SECRET = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:^|_)(?:public|file|version)(?:_|$)/i;

/** Whether a variable's name says that its value is a secret: the rule SecretsUsedInArgOrEnv. */
export function looksSecret(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}
