import type { StageState } from '../../instructions/stage-state.ts';
import type { History, ImageConfig } from '../../oci/image-config.ts';
import { normalizePlatform, type Platform } from '../../oci/platform.ts';
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
  /** Labels that are put over the Dockerfile's. */
  readonly labels?: ReadonlyMap<string, string>;
  /** The platform that was asked for, which the image is then said to be for. */
  readonly target?: Platform;
  /** SOURCE_DATE_EPOCH: the time of all that is new, in seconds since 1970. */
  readonly epoch?: number;
}

/**
 * The config that BuildKit would write. Times come from the layers, never from the clock, so that a build whose every
 * step hits gives the same digest; `now` (RFC 3339) is for an image that has no time at all.
 */
export function makeImageConfig(stage: FinishedStage, now: string): ImageConfig {
  const { state, base, layers, labels } = stage;
  const baseLayers = base?.layers.length ?? 0;
  const epoch = stage.epoch === undefined ? undefined : new Date(stage.epoch * 1000).toISOString();
  const created = layers.slice(baseLayers).map((layer) => layer.created ?? now);
  const history = fillTimes([...baseHistory(base), ...ownHistory(state, created, epoch)], now);
  const { variant, ...platform } = platformOf(stage);
  return {
    created: epoch ?? history.at(-1)?.created ?? now,
    ...(state.author ? { author: state.author } : {}),
    architecture: platform.architecture,
    os: platform.os,
    ...(variant ? { variant } : {}),
    ...(platform['os.version'] ? { 'os.version': platform['os.version'] } : {}),
    ...(base?.config['os.features'] ? { 'os.features': base.config['os.features'] } : {}),
    config: withoutEmpty(
      labels?.size
        ? { ...state.config, Labels: { ...state.config.Labels, ...Object.fromEntries(labels) } }
        : state.config,
    ),
    rootfs: { type: 'layers', diff_ids: diffIds(layers) },
    history,
  };
}

/**
 * The platform that the image says it is for: what was asked for, even when a stage of another one made its files; else
 * that of its base. Variant and OS version stay the base's where nobody asked for others.
 * @see moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go finalizeResultImage
 */
function platformOf({ state, target }: FinishedStage): Platform {
  const own = state.platform;
  if (!target) return own;
  const isSame = target.os === own.os && target.architecture === own.architecture;
  return normalizePlatform({ ...(isSame ? own : {}), ...target });
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

function ownHistory(state: StageState, layerTimes: readonly string[], epoch: string | undefined): History[] {
  let layer = 0;
  return state.history.map(({ createdBy, layer: hasLayer }): History => {
    const time = epoch ?? (hasLayer ? layerTimes[layer++] : undefined);
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
