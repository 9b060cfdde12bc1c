import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createContexts } from '../../../src/build/contexts/contexts.ts';
import { createKnownLines } from '../../../src/build/contexts/known-lines.ts';
import { createTransfers } from '../../../src/build/contexts/transfers.ts';
import { baseImage } from '../../../src/build/images/base-image.ts';
import { createDispatcher } from '../../../src/build/plan/dispatch-stage.ts';
import { planBuild } from '../../../src/build/plan/plan.ts';
import { createStepGraph } from '../../../src/build/steps/step-graph.ts';
import { createStepInputs } from '../../../src/build/steps/step-inputs.ts';
import { createMemoryCatalog } from '../../../src/cas/memory-catalog.ts';
import { openDirectoryContext } from '../../../src/context/directory-context.ts';
import { parseDockerfile } from '../../../src/dockerfile/parse-dockerfile.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../src/instructions/run-settings.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { loadLibc } from '../../../src/io/libc.ts';
import { silentLog } from '../../../src/io/log.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import type { ImageConfig } from '../../../src/oci/image-config.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../src/oci/media-types.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { createTreeStore } from '../../../src/snapshot/tree-store.ts';

export interface Situation {
  readonly dockerfile: string;
  /** The context's files: text, or text and mode. */
  readonly files?: Readonly<Record<string, string | readonly [text: string, mode: number]>>;
  readonly args?: readonly (readonly [string, string])[];
  readonly platform?: string;
  readonly target?: string;
  /** What tells the base image's one layer from another's. */
  readonly base?: string;
  /** The base's manifest annotations and config, which say nothing of its files. */
  readonly baseConfig?: ImageConfig['config'];
}

/** The keys of the target's steps, computed as a build computes them; nothing runs. Every image is the same one. */
export async function stepKeys(situation: Situation): Promise<string[]> {
  const path = mkdtempSync(join(tmpdir(), 'varve-keys-'));
  try {
    for (const [name, given] of Object.entries(situation.files ?? {})) {
      const [text, mode] = typeof given === 'string' ? [given, 0o644] : given;
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
      chmodSync(join(path, name), mode);
    }
    const catalog = createMemoryCatalog();
    const signal = new AbortController().signal;
    const contexts = createContexts(() =>
      openDirectoryContext({
        path,
        catalog,
        libc: loadLibc(),
        clock: systemClock,
        signal,
        log: silentLog,
        gitIndex: 'off',
        program: () => undefined,
      }),
    );
    const trees = createTreeStore(catalog);
    const transfers = createTransfers({
      trees,
      contexts,
      knownLines: createKnownLines(catalog),
      program: () => undefined,
      urls: { get: () => Promise.reject(new Error('no network')) },
      git: { resolve: () => Promise.reject(new Error('no network')) },
      warn: () => {},
      signal,
    });
    const image = async (reference: string) => fakeImage(reference, situation);
    const platform = parsePlatform(situation.platform ?? 'linux/amd64');
    const plan = planBuild(parseDockerfile(Buffer.from(situation.dockerfile), 'Dockerfile'), {
      ...(situation.target === undefined ? {} : { target: situation.target }),
      platform,
      buildPlatform: parsePlatform('linux/amd64'),
      buildArgs: new Map(situation.args ?? []),
      named: new Map(),
      run: DEFAULT_RUN_SETTINGS,
    });
    const inputs = createStepInputs({ contexts, images: { resolve: image }, transfers, trees });
    const dispatcher = createDispatcher(plan, image, { report() {}, ignores: undefined });
    const graph = createStepGraph(dispatcher, inputs, { compression: 'gzip', level: 6 }, () => false);
    const stage = await graph.stage(plan.target.index);
    return stage.steps.map(({ key }) => key);
  } finally {
    rmSync(path, { recursive: true });
  }
}

function fakeImage(reference: string, { base = 'base', baseConfig, platform }: Situation) {
  const config: ImageConfig = {
    ...parsePlatform(platform ?? 'linux/amd64'),
    config: baseConfig ?? {},
    rootfs: { type: 'layers', diff_ids: [digestOf(base)] },
  };
  const descriptor = (mediaType: string, text: string) => ({ mediaType, digest: digestOf(text), size: text.length });
  return baseImage(reference, {
    manifest: {
      schemaVersion: 2,
      config: descriptor(OCI_CONFIG, JSON.stringify(config)),
      layers: [descriptor(OCI_LAYER_GZIP, `layer ${base}`)],
    },
    manifestDescriptor: descriptor(OCI_MANIFEST, JSON.stringify(config)),
    config,
  });
}
