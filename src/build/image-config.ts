import type { StageState } from '../instructions/stage-state.ts';
import type { History, ImageConfig } from '../oci/image-config.ts';
import type { BaseImage } from './base-image.ts';
import { diffIds, type LayerRef } from './layer-ref.ts';

/** As BuildKit marks its history entries, so that tools that read them read ours. */
const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

export interface FinishedStage {
  readonly state: StageState;
  /** The image at the bottom; undefined for scratch. */
  readonly base: BaseImage | undefined;
  /** The base's and then one for each history line that has a layer. */
  readonly layers: readonly LayerRef[];
}

/**
 * The config that BuildKit would write. Times come from the layers, never from the clock, so that a build whose every
 * step hits gives the same digest; `now` (RFC 3339) is for an image that has no time at all.
 */
export function makeImageConfig({ state, base, layers }: FinishedStage, now: string): ImageConfig {
  const baseLayers = base?.layers.length ?? 0;
  const created = layers.slice(baseLayers).map((layer) => layer.created ?? now);
  const history = fillTimes([...baseHistory(base), ...ownHistory(state, created)], now);
  const { platform } = state;
  return {
    created: history.at(-1)?.created ?? now,
    ...(state.author ? { author: state.author } : {}),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant ? { variant: platform.variant } : {}),
    ...(base?.config['os.version'] ? { 'os.version': base.config['os.version'] } : {}),
    ...(base?.config['os.features'] ? { 'os.features': base.config['os.features'] } : {}),
    config: withoutEmpty(state.config),
    rootfs: { type: 'layers', diff_ids: diffIds(layers) },
    history,
  };
}

/** An old image may say nothing of its layers: then one entry for each, so that counts agree. */
function baseHistory(base: BaseImage | undefined): History[] {
  if (!base) return [];
  const told = base.history.filter((entry) => !entry.empty_layer).length;
  const missing = base.layers.length - told;
  const filler = Array.from(
    { length: Math.max(missing, 0) },
    (): History => (base.config.created ? { created: base.config.created } : {}),
  );
  return [...base.history, ...filler];
}

function ownHistory(state: StageState, layerTimes: readonly string[]): History[] {
  let layer = 0;
  return state.history.map(({ createdBy, layer: hasLayer }): History => {
    const time = hasLayer ? layerTimes[layer++] : undefined;
    return {
      ...(time === undefined ? {} : { created: time }),
      created_by: createdBy,
      comment: HISTORY_COMMENT,
      ...(hasLayer ? {} : { empty_layer: true }),
    };
  });
}

/**
 * Entries without a time take that of the layer before them; those before the first time take the first one.
 * @see moby/buildkit exporter/containerimage/writer.go normalizeLayersAndHistory
 */
function fillTimes(history: readonly History[], now: string): History[] {
  let missing = false;
  let time: string | undefined;
  for (const entry of history) {
    if (entry.created === undefined) missing = true;
    else {
      time = entry.created;
      if (missing) break;
    }
  }
  let current = time ?? now;
  let gap = false;
  return history.map((entry) => {
    if (entry.created !== undefined) {
      if (gap) current = entry.created;
      return entry;
    }
    gap = true;
    return { created: current, ...entry };
  });
}

function withoutEmpty<T extends object>(config: T): T {
  const full = Object.entries(config).filter(([, value]) => {
    if (value === undefined || value === null || value === '') return false;
    if (Array.isArray(value)) return value.length > 0;
    return typeof value !== 'object' || Object.keys(value).length > 0;
  });
  return Object.fromEntries(full) as T;
}
