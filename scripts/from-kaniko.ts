// node scripts/from-kaniko.ts: writes the tables of docs/from-kaniko.md from the rows that the parser reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from './from-kaniko/tables.ts';

const path = join(import.meta.dirname, '../docs/from-kaniko.md');
writeFileSync(path, withTables(readFileSync(path, 'utf8')));
