import { type Predicate, type Subject, statement } from '../../attest/statement.ts';
import { VarveError } from '../../errors.ts';
import { type BytePath, fromText, toText } from '../../io/byte-path.ts';
import { lookupTree } from '../../snapshot/tree-lookup.ts';
import { walkTree } from '../../snapshot/walk-tree.ts';
import type { Image } from '../images/image.ts';
import type { Services } from '../services.ts';

/** A file that is written beside a root's own. */
export interface StatementFile {
  readonly name: BytePath;
  readonly bytes: Buffer;
}

/**
 * Statements about the files of a root, as files in it: buildx's form for `type=local` and `type=tar`.
 * @param suffix goes before the file's extension, where several platforms share one directory
 * @throws VarveError `OUTPUT_OVERLAP` when the root has a file of that name
 */
export async function statementFiles(
  image: Image,
  predicates: readonly Predicate[],
  suffix: string,
  { files, trees }: Pick<Services, 'files' | 'trees'>,
): Promise<StatementFile[]> {
  if (predicates.length === 0) return [];
  const tree = await files.tree(image.layers);
  const subjects: Subject[] = [];
  for await (const { path, entry } of walkTree(trees, tree))
    if (entry.type === 'file' && entry.digest !== undefined)
      subjects.push({ name: toText(path), digest: entry.digest });
  const made: StatementFile[] = [];
  for (const predicate of predicates) {
    const name = fromText(withSuffix(predicate.fileName, suffix));
    if (await lookupTree(trees, tree, name)) {
      throw new VarveError('OUTPUT_OVERLAP', `the image has a file /${toText(name)}, where its attestation would be`, {
        hint: 'give the attestation another name with filename=',
      });
    }
    made.push({ name, bytes: Buffer.from(JSON.stringify(statement(predicate, subjects))) });
  }
  return made;
}

function withSuffix(name: string, suffix: string): string {
  if (suffix === '') return name;
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name}.${suffix}` : `${name.slice(0, dot)}.${suffix}${name.slice(dot)}`;
}
