import type { Dockerfile } from '../dockerfile/ast.ts';
import { jsonLocation, jsonSource } from './call-json.ts';
import { textTable } from './text-table.ts';

/** The stages that can be built, as buildx prints them. */
export function targetsText({ stages }: Dockerfile): string {
  const rows = stages.map(({ name, from }, i) => {
    const isDefault = i === stages.length - 1;
    const shown = isDefault ? (name === undefined ? '(default)' : `${name} (default)`) : (name ?? '');
    return [shown, from.doc ?? ''];
  });
  return textTable([['TARGET', 'DESCRIPTION'], ...rows], [], 1);
}

/** The same as BuildKit's frontend.targets answers. */
export function targetsJson({ stages }: Dockerfile, source: Uint8Array): object {
  return {
    targets: stages.map(({ name, from }, i) => ({
      ...(name === undefined ? {} : { name }),
      ...(i === stages.length - 1 ? { default: true } : {}),
      ...(from.doc === undefined ? {} : { description: from.doc }),
      base: from.image,
      ...(from.platform === undefined ? {} : { platform: from.platform }),
      location: jsonLocation(from.location),
    })),
    sources: [jsonSource(source)],
  };
}
