import { probeRungs } from '../../../src/sandbox/probe-rungs.ts';
import { rungDeps } from './sandbox-bench.ts';

/** A program: `probe-program SCRATCH` prints the reports as JSON. */
process.stdout.write(
  JSON.stringify(await probeRungs(['oci', 'namespaces'], { ...rungDeps(), scratch: process.argv[2] ?? '' })),
);
