import { join } from 'node:path';
import { type Bundle, loadBundle } from './load-bundle.ts';

// The entry of the built command line (scripts/bundle.ts). It is CommonJS, so that Node's loader of modules is not started.
const bundle = loadBundle(join(__dirname, 'varve.cjs')).evaluate() as Bundle;
void bundle.varve();
