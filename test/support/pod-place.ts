import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';

/** What a kubelet makes of `$(NAME)` that is no variable, and of `$$`. */
export function expanded(word: string): string {
  return word.replace(/\$(\$|\([A-Za-z_]\w*\))/g, (all, what: string) => (what === '$' ? '$' : all));
}

/** A pod's volumes as directories here, and how its paths are written then. */
export function mounts(
  place: string,
  { volumes = [] }: V1PodSpec,
  { volumeMounts = [], terminationMessagePath = '' }: V1Container,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
) {
  const lastWord = join(place, 'last-word');
  writeFileSync(lastWord, '');
  const paths = volumeMounts.map(({ name, mountPath }): [string, string] => {
    const volume = volumes.find((each) => each.name === name);
    const path = join(place, name);
    mkdirSync(path);
    const { secretName = '', items = [] } = volume?.secret ?? {};
    for (const { key, path: file } of items) writeFileSync(join(path, file), secrets[secretName]![key]!);
    return [mountPath, path];
  });
  const local = (text: string): string =>
    [[terminationMessagePath, lastWord] as const, ...paths].reduce(
      (all, [from, to]) => all.replace(new RegExp(`(^|=)${from}(?=/|$)`), (_, before: string) => before + to),
      text,
    );
  return { local, lastWord };
}
