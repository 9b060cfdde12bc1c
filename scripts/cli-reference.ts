// node scripts/cli-reference.ts: writes docs/cli.md from the command line's own definitions.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from './cli-reference/markdown.ts';

writeFileSync(join(import.meta.dirname, '../docs/cli.md'), await cliReference());
