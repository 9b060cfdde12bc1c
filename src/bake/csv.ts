import { VarveError } from '../errors.ts';

/**
 * The records of a text of comma separated values (RFC 4180); quotes may be in the middle of a field's name=value.
 * @throws VarveError `BAKE_VALUE` for a quote that does not end
 */
export function csvRecords(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (isQuoted && char === '"' && text[i + 1] === '"') {
      field += '"';
      i++;
    } else if (isQuoted ? char === '"' : char === '"' && field === '') isQuoted = !isQuoted;
    else if (isQuoted) field += char;
    else if (char === ',') {
      fields.push(field);
      field = '';
    } else if (char === '\n') {
      if (fields.length || field !== '') records.push([...fields, field.replace(/\r$/, '')]);
      fields = [];
      field = '';
    } else field += char;
  }
  if (isQuoted) throw new VarveError('BAKE_VALUE', `a quote does not end in ${JSON.stringify(text)}`);
  if (fields.length || field !== '') records.push([...fields, field]);
  return records;
}

/** The fields of one record. */
export function csvFields(text: string): string[] {
  return csvRecords(text)[0] ?? [];
}
