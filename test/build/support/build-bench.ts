import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildRequest } from '../../../src/build/build.ts';
import { buildImage } from '../../../src/build/build-image.ts';
import type { CacheOptions } from '../../../src/build/cache/cache-options.ts';
import { createServices } from '../../../src/build/create-services.ts';
import type { BuildResult } from '../../../src/build/images/build-result.ts';
import type { Image } from '../../../src/build/images/image.ts';
import type { SavedMountsOptions } from '../../../src/build/mounts/saved/saved-mounts-options.ts';
import type { ProgressEvent } from '../../../src/build/progress.ts';
import type { Services } from '../../../src/build/services.ts';
import type { ContextSource } from '../../../src/context/context-source.ts';
import { type Clock, systemClock } from '../../../src/io/clock.ts';
import { compressionSettings } from '../../../src/layer/compressor.ts';
import type { UnpackLimits } from '../../../src/layer/unpack-stream.ts';
import type { Compression } from '../../../src/oci/media-types.ts';
import { hostPlatform } from '../../../src/oci/platform.ts';
import { anonymous } from '../../../src/registry/credential-source.ts';
import type { RootfsKind, Rung } from '../../../src/sandbox/sandbox.ts';

export interface Built {
  /** Of the first platform. */
  readonly image: Image;
  readonly result: BuildResult;
  readonly events: readonly ProgressEvent[];
  readonly warnings: readonly string[];
  /** Of the steps, in the order in which they ended. */
  readonly steps: readonly Extract<ProgressEvent, { type: 'step-end' }>[];
  /** Of the build context. */
  readonly context: Extract<ProgressEvent, { type: 'context-read' }> | undefined;
}

export interface BuildBench {
  /** A directory of the test's own, removed at its end. */
  readonly path: string;
  /** An absolute path of a new directory with these files. */
  directory(name: string, files: Readonly<Record<string, string | Buffer>>): string;
  /** One build with services of its own, as one process has them. */
  build(dockerfile: string, context: string | ContextSource, more?: BuildOptions): Promise<Built>;
}

export interface BuildOptions extends Partial<BuildRequest> {
  /** A store's name; `store` by default. */
  readonly store?: string;
  readonly insecureRegistry?: string;
  readonly cache?: CacheOptions;
  readonly cacheMounts?: SavedMountsOptions;
  readonly compression?: Compression;
  readonly level?: number;
  readonly unpackLimits?: UnpackLimits;
  readonly isolation?: 'auto' | Rung;
  readonly rootfs?: RootfsKind;
  readonly clock?: Clock;
  /** What is done with the image, while the services are there. */
  readonly inspect?: (image: Image, services: Services, result: BuildResult) => Promise<unknown>;
  /** Puts something in the place of services. */
  readonly with?: (services: Services) => Partial<Services>;
}

/** Builds in this process, with a real store in a temporary directory. */
export function buildBench(t: { teardown(remove: () => void): void }): BuildBench {
  const path = mkdtempSync(join(tmpdir(), 'varve-build-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  const platform = hostPlatform(process.platform, process.arch);
  return {
    path,
    directory(name, files) {
      const directory = join(path, name);
      mkdirSync(directory, { recursive: true });
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        writeFileSync(join(directory, file), content);
      }
      return directory;
    },
    async build(dockerfile, context, options = {}) {
      const { store = 'store', insecureRegistry, inspect, cache, cacheMounts, with: change, ...rest } = options;
      const { compression = 'gzip', level, unpackLimits, isolation = 'auto', rootfs, ...others } = rest;
      const { clock = systemClock, ...request } = others;
      const at = typeof context === 'string' ? context : path;
      const events: ProgressEvent[] = [];
      const warnings: string[] = [];
      await using services = await createServices({
        store: join(path, store),
        credentials: anonymous,
        insecureRegistries: insecureRegistry === undefined ? [] : [insecureRegistry],
        userAgent: 'varve-test',
        isolation,
        ...(rootfs ? { rootfs } : {}),
        parallel: 2,
        platform,
        compression: compressionSettings(compression, level),
        ...(unpackLimits ? { unpackLimits } : {}),
        host: { arch: process.arch, node: process.execPath, toolPath: process.env.PATH ?? '' },
        progress: (event) => void events.push(event),
        ...(cache ? { cache } : {}),
        ...(cacheMounts ? { cacheMounts } : {}),
        log: { warn: (text) => void warnings.push(text), debug: () => {} },
        clock,
        signal: new AbortController().signal,
      });
      const changed = { ...services, ...change?.(services) };
      const result = await buildImage(
        {
          dockerfile: { kind: 'given', path: join(at, 'Dockerfile'), bytes: Buffer.from(dockerfile) },
          context: typeof context === 'string' ? { kind: 'directory', path: context } : context,
          platforms: [],
          buildArgs: new Map(),
          namedContexts: new Map(),
          secrets: new Map(),
          labels: new Map(),
          annotations: [],
          pull: false,
          useCache: true,
          noCacheStages: [],
          ...request,
        },
        changed,
        async (built) => void (await inspect?.(built.images[0]!.image, services, built)),
      );
      const { image } = result.images[0]!;
      return {
        image,
        result,
        events,
        warnings,
        steps: events.filter((event) => event.type === 'step-end'),
        context: events.find((event) => event.type === 'context-read'),
      };
    },
  };
}
