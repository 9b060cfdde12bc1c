import type { CatalogWrite } from '../../cas/catalog.ts';
import { encodeText } from './history-lines.ts';

/** The row of what a step wrote in a build. */
export function logRow(build: string, step: string): string {
  return `log/${build}/${encodeURIComponent(step)}`;
}

export function logWrites(build: string, logs: ReadonlyMap<string, string>): CatalogWrite[] {
  return [...logs].map(([step, text]) => ({
    type: 'put',
    space: 'history',
    key: logRow(build, step),
    value: encodeText(text),
  }));
}
