import { type Bundle, createLoader, FIRST_CHUNK } from './load-bundle.ts';
import { packageVersion } from './package-version.ts';

// The entry of the built command line (scripts/bundle.ts). It is CommonJS, so that Node's loader of modules is not started.
const [, , word] = process.argv;
if (word === '--version' || word === '-V') {
  // Reading the command line to say this took as long as Node's own start.
  console.log(packageVersion());
} else {
  const bundle = createLoader(__dirname).load(FIRST_CHUNK) as Bundle;
  void bundle.varve();
}
