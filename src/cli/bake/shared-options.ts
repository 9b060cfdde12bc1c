import { VarveError } from '../../errors.ts';
import type { BuildFlags } from '../build-flags.ts';
import { cacheOptions } from '../cache-flags.ts';
import { formOf, layersOf, outputsOf } from '../output-flags.ts';

/** Steps are compressed in one way whatever image they are for. */
export function sharedLayers(all: readonly { readonly name: string; readonly flags: BuildFlags }[]) {
  const forms = all.map(({ name, flags }) => ({ name, layers: layersOf(outputsOf(flags), formOf(flags)) }));
  const [first] = forms;
  const other = forms.find(({ layers }) => JSON.stringify(layers) !== JSON.stringify(first?.layers));
  if (other && first)
    throw new VarveError(
      'UNSUPPORTED',
      `the targets ${first.name} and ${other.name} want layers compressed differently`,
      {
        hint: 'bake them one after another',
        exitCode: 2,
      },
    );
  return first?.layers;
}

/** Records are read from where any target reads them, and written to one place. */
export async function sharedCache(all: readonly { readonly name: string; readonly flags: BuildFlags }[]) {
  const writing = all.filter(({ flags }) => flags.cacheTo !== undefined);
  const other = writing.find(({ flags }) => flags.cacheTo !== writing[0]!.flags.cacheTo);
  if (other)
    throw new VarveError(
      'UNSUPPORTED',
      `the targets ${writing[0]!.name} and ${other.name} write their cache to different places`,
      {
        hint: 'records of all targets go to one repository: --cache-repo REPOSITORY, or the same cache-to',
        exitCode: 2,
      },
    );
  const [first] = all;
  if (!first) return undefined;
  return cacheOptions({
    ...first.flags,
    ...(writing[0] ? { cacheTo: writing[0].flags.cacheTo } : {}),
    cacheFrom: [...new Set(all.flatMap(({ flags }) => flags.cacheFrom))],
  } as BuildFlags);
}
