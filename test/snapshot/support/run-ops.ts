import { readFileSync } from 'node:fs';
import { applyOps } from './disk-ops.ts';

// Started inside a mount namespace: node run-ops.ts <root> <file with JSON operations>
applyOps(process.argv[2]!, JSON.parse(readFileSync(process.argv[3]!, 'utf8')), process.argv[4] === 'tolerate');
