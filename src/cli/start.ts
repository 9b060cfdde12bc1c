import { type Bundle, createLoader, FIRST_CHUNK } from './load-bundle.ts';

// The entry of the built command line (scripts/bundle.ts). It is CommonJS, so that Node's loader of modules is not started.
const bundle = createLoader(__dirname).load(FIRST_CHUNK) as Bundle;
void bundle.varve();
