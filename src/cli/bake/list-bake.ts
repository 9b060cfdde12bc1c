import type { BakeConfig } from '../../bake/bake-file.ts';
import { valueText } from '../../bake/variables.ts';
import { VarveError } from '../../errors.ts';
import { textTable } from '../text-table.ts';

/**
 * What `--list targets` and `--list variables` print.
 * @throws VarveError `USAGE`
 */
export function listBake(list: string, config: BakeConfig): string {
  const fields = new Map(list.split(',').map((field) => (field.includes('=') ? pair(field) : ['type', field])));
  const type = fields.get('type');
  const format = fields.get('format') ?? 'table';
  const unknown = [...fields.keys()].find((name) => name !== 'type' && name !== 'format');
  if (
    unknown !== undefined ||
    (format !== 'table' && format !== 'json') ||
    (type !== 'targets' && type !== 'variables')
  )
    throw new VarveError('USAGE', `--list ${list}: it is targets or variables, with ,format=json as JSON`, {
      exitCode: 2,
    });
  const rows = type === 'targets' ? targetRows(config) : variableRows(config);
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  const heads = type === 'targets' ? ['TARGET', 'DESCRIPTION'] : ['VARIABLE', 'TYPE', 'VALUE', 'DESCRIPTION'];
  const cells = rows.map((row) => [
    row.name,
    ...(type === 'variables' ? [row.type ?? '', row.value ?? '<null>'] : []),
    row.description ?? '',
  ]);
  return textTable([heads, ...cells]);
}

interface Row {
  readonly name: string;
  readonly description?: string;
  readonly group?: boolean;
  readonly type?: string;
  readonly value?: string | undefined;
}

function targetRows({ groups, targets }: BakeConfig): Row[] {
  const rows: Row[] = [];
  for (const [name, { description }] of targets) rows.push({ name, ...(description ? { description } : {}) });
  for (const [name, group] of groups) {
    const description = group.description ?? group.targets.join(', ');
    rows.push({ name, description, group: true });
  }
  return rows.sort(byName);
}

function variableRows({ variables }: BakeConfig): Row[] {
  return variables
    .map(({ name, description, type, value }) => ({
      name,
      ...(description ? { description } : {}),
      ...(type ? { type: type.kind === 'variable' || type.kind === 'call' ? type.name : '' } : {}),
      ...(value === null ? {} : { value: valueText(value) }),
    }))
    .sort(byName);
}

function byName(a: Row, b: Row): number {
  return a.name < b.name ? -1 : 1;
}

function pair(field: string): [string, string] {
  const equals = field.indexOf('=');
  return [field.slice(0, equals), field.slice(equals + 1)];
}
