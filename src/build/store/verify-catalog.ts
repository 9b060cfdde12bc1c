import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Space } from '../../cas/catalog.ts';
import { decodeFrame } from '../../layer/frame-cache.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { createTreeReach, readNode } from '../../snapshot/tree-reach.ts';
import type { Verification } from './store-damage.ts';
import type { StoreServices } from './store-services.ts';
import { verifyHistory } from './verify-history.ts';

/**
 * Checks that tree nodes are what their keys say, and that trees, records and frames lead to what is there. (That rows
 * are as they were written, LevelDB's engine checks with each of them.)
 */
export async function verifyCatalog(
  { store, records }: StoreServices,
  { checked, report }: Verification,
): Promise<void> {
  const { catalog } = store;
  const reach = createTreeReach(catalog);
  const drop = (space: Space, key: string) => async () => catalog.write([{ type: 'del', space, key }]);
  const sizeOf = (hex: string): number | undefined =>
    statSync(join(store.path, 'blobs', 'sha256', hex), { throwIfNoEntry: false })?.size;

  // What came from a cache has a tree here only if it was needed; one whose root is here has to be whole.
  const hasHole = async (exact: Digest): Promise<boolean> =>
    (await catalog.get('tree', digestHex(exact))) !== undefined && !(await reach.isWhole(exact));

  for await (const [name, value] of catalog.rows('tree')) {
    checked.tree++;
    if (!readNode(name, value))
      await report({ kind: 'tree', name, problem: 'its bytes are not what its name says' }, drop('tree', name));
  }
  for (const space of ['chain', 'history'] as const) {
    for await (const [name, tree] of records.allTrees(space)) {
      checked[space]++;
      if (!tree) await report({ kind: space, name, problem: 'it cannot be read' }, drop(space, name));
      else if (space === 'chain' ? !(await reach.isWhole(tree.exact)) : await hasHole(tree.exact))
        await report({ kind: space, name, problem: `its tree ${tree.exact} is not whole` }, drop(space, name));
    }
  }
  await verifyHistory(catalog, { checked, report });
  for await (const [name, record] of records.allSteps()) {
    checked.record++;
    // What has an origin may be there only.
    if (record?.origin) continue;
    const problem = !record
      ? 'it cannot be read'
      : sizeOf(digestHex(record.layer.descriptor.digest)) === undefined
        ? `its layer ${record.layer.descriptor.digest} is missing`
        : (await hasHole(record.tree.exact))
          ? `its tree ${record.tree.exact} is not whole`
          : undefined;
    if (problem !== undefined) await report({ kind: 'record', name, problem }, drop('record', name));
  }
  for await (const [name, value] of catalog.rows('frame')) {
    checked.frame++;
    const frame = decodeFrame(value);
    const size = frame && sizeOf(digestHex(frame.digest));
    const problem = !frame
      ? 'it cannot be read'
      : size === undefined
        ? `its blob ${frame.digest} is missing`
        : frame.start + frame.length > size
          ? `it ends after its blob ${frame.digest}`
          : undefined;
    if (problem !== undefined) await report({ kind: 'frame', name, problem }, drop('frame', name));
  }
}
