import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import type { CacheOptions, CachePlace } from '../../../src/build/cache/cache-options.ts';
import type { ImageForm } from '../../../src/build/images/image-form.ts';
import { exportImage } from '../../../src/build/output/export-image.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { type RecordingProxy, startRecordingProxy } from '../../support/recording-proxy.ts';
import { startRegistry } from '../../support/registry.ts';
import { type BuildBench, type BuildOptions, type Built, buildBench } from './build-bench.ts';

export interface CacheBench extends BuildBench {
  readonly proxy: RecordingProxy;
  readonly base: string;
  readonly place: CachePlace;
  /** A build with the repository `cache` to read from and write to. */
  cached(dockerfile: string, context: string, more?: BuildOptions & { readonly push?: string }): Promise<Built>;
  options(more?: Partial<CacheOptions>): CacheOptions;
}

/** A registry behind a recording proxy, with busybox as `base:1`; undefined when there is no docker-registry. */
export async function cacheBench(t: ExecutionContext): Promise<CacheBench> {
  const registry = await startRegistry();
  t.teardown(() => registry.stop());
  const proxy = await startRecordingProxy(registry.host);
  t.teardown(() => proxy[Symbol.asyncDispose]());
  const bench = buildBench(t);
  const base = `${proxy.host}/base:1`;
  const place: CachePlace = {
    kind: 'registry',
    repository: { registry: proxy.host, repository: 'cache' },
    tagPrefix: '',
  };
  const options = (more: Partial<CacheOptions> = {}): CacheOptions => ({
    from: [place],
    to: { place, mode: 'max' },
    ...more,
  });
  const context = bench.directory('base', { busybox: readFileSync('/usr/bin/busybox') });
  await bench.build('FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n', context, {
    store: 'base-store',
    inspect: pushTo(base),
  });
  proxy.clear();
  return {
    ...bench,
    proxy,
    base,
    place,
    options,
    cached: (dockerfile, directory, { push, ...more } = {}) =>
      bench.build(dockerfile, directory, { cache: options(), ...(push ? { inspect: pushTo(push) } : {}), ...more }),
  };
}

export function pushTo(name: string, form?: ImageForm): NonNullable<BuildOptions['inspect']> {
  const tags = [parseReference(name)];
  return (_image, services, result) =>
    exportImage(
      result,
      {
        outputs: [{ type: 'registry', names: [] }],
        tags,
        ...(form ? { form } : {}),
        stdout: process.stdout,
        isRoot: true,
      },
      services,
    );
}

/** Bytes of blobs that were fetched, by digest. */
export function fetchedBlobs(proxy: RecordingProxy): Map<string, number> {
  const blobs = new Map<string, number>();
  for (const { method, path, received, status } of proxy.exchanges) {
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path)?.[1];
    if (method === 'GET' && digest && status === 200) blobs.set(digest, received);
  }
  return blobs;
}
