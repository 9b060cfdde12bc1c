import type { Catalog } from '../../cas/catalog.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { readText } from '../explain/history-lines.ts';
import { readBuild, readInputs, SHARED } from '../explain/history-rows.ts';
import type { Verification } from './store-damage.ts';

/** Checks that builds and their steps' inputs can be read, and that lists of files are whole. */
export async function verifyHistory(catalog: Catalog, { checked, report }: Verification): Promise<void> {
  const pieces = new Set<string>();
  const check = async (name: string, problem: string | undefined): Promise<void> => {
    checked.history++;
    if (problem !== undefined)
      await report({ kind: 'history', name, problem }, () =>
        catalog.write([{ type: 'del', space: 'history', key: name }]),
      );
  };
  for await (const [name, value] of catalog.rows('history', 'lines/')) {
    const text = readText(value);
    const isWhole = text !== undefined && name === `lines/${digestHex(digestOf(text))}`;
    if (isWhole) pieces.add(name);
    await check(name, isWhole ? undefined : 'its bytes are not what its name says');
  }
  for (const prefix of ['build/', `${SHARED}build/`])
    for await (const [name, value] of catalog.rows('history', prefix))
      await check(name, readBuild(value) ? undefined : 'it cannot be read');
  for await (const [name, value] of catalog.rows('history', 'log/'))
    await check(name, readText(value) === undefined ? 'it cannot be read' : undefined);
  for (const prefix of ['step/', 'taken/', `${SHARED}step/`, `${SHARED}taken/`])
    for await (const [name, value] of catalog.rows('history', prefix)) {
      const inputs = readInputs(value);
      const lost = inputs
        ?.flatMap(([, list]) => (typeof list === 'string' ? [] : list.pieces))
        .find((piece) => !pieces.has(`lines/${piece}`));
      await check(name, !inputs ? 'it cannot be read' : lost === undefined ? undefined : `its list ${lost} is missing`);
    }
}
