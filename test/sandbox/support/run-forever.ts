import { openBench } from './sandbox-bench.ts';

/** A program: `run-forever RUNG DIRECTORY MARKER UID` starts a RUN that doesn't end, and says `ready` when it runs. */
const [rung = '', directory = '', marker = '', uid = '0'] = process.argv.slice(2);
const bench = openBench(rung, directory);
const user = { uid: Number(uid), gid: Number(uid), groups: [] };
const script = `(setsid sh -c "trap '' TERM HUP; sleep ${marker}" &) ; echo ready; sleep ${marker}`;
await bench.run(['sh', '-c', script], { user }, { stdout: () => process.stdout.write('ready\n') });
