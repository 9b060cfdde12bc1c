import { posix } from 'node:path';
import type { KeyValue } from '../dockerfile/ast.ts';
import type { ImageConfig, RunConfig } from '../oci/image-config.ts';
import type { Platform } from '../oci/platform.ts';
import type { BuildPlatforms } from './build-args.ts';
import type { RunSettings } from './run-settings.ts';

/** A line of the image's history, without its time. `layer` says whether a layer belongs to it. */
export interface HistoryLine {
  readonly createdBy: string;
  readonly layer: boolean;
}

/** What a stage's instructions have added up to so far. Immutable: every instruction gives a new one. */
export interface StageState {
  readonly platform: Platform;
  /** What the image's config will say. */
  readonly config: RunConfig;
  readonly author?: string;
  /** What RUN sees and words expand with: ENV and declared ARGs, the last one set wins. */
  readonly environment: readonly KeyValue[];
  /** ARGs declared in this stage and the stages that it is FROM, in order; without a value when none was given. */
  readonly args: readonly { readonly key: string; readonly value?: string }[];
  /** Whether CMD was given in this stage, so that ENTRYPOINT keeps it. */
  readonly cmdSet: boolean;
  readonly history: readonly HistoryLine[];
}

/** What a stage's instructions see besides its state. */
export interface StageScope {
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Global ARGs (before the first FROM), with their values. */
  readonly globalArgs: ReadonlyMap<string, string>;
  readonly platforms: BuildPlatforms;
  readonly run: RunSettings;
}

/** PATH of an image that sets none. @see moby/buildkit util/system/path.go */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The state after `FROM scratch`. */
export function scratchState(platform: Platform): StageState {
  return startState(platform, { WorkingDir: '/' });
}

/** The state of an image that is made from a root filesystem and nothing else. */
export function importedState(platform: Platform): StageState {
  const state = startState(platform, {});
  return withLayerHistory({ ...state, config: { ...state.config, Cmd: ['/bin/sh'] } }, 'varve import');
}

/** The state after FROM an image: its config, PATH added when it has none. Its ONBUILD triggers are the caller's. */
export function imageState(platform: Platform, image: ImageConfig): StageState {
  const { OnBuild: _, ...config } = image.config ?? {};
  const { WorkingDir: workdir } = config;
  // A relative one counts from itself: BuildKit takes it as a WORKDIR on top of itself (dockerfile2llb/convert.go).
  const absolute = workdir ? { ...config, WorkingDir: resolveWorkdir(workdir, workdir) } : config;
  const state = startState(platform, absolute);
  return image.author ? { ...state, author: image.author } : state;
}

/** The state after FROM a stage: everything goes on but what belongs to one stage only. */
export function stageState(parent: StageState): StageState {
  const { OnBuild: _, ...config } = parent.config;
  return { ...parent, config, cmdSet: false };
}

function startState(platform: Platform, config: RunConfig): StageState {
  const env = config.Env ?? [];
  const withPath = env.some((entry) => entry.startsWith('PATH=')) ? env : [...env, `PATH=${DEFAULT_PATH}`];
  return {
    platform,
    config: { ...config, Env: withPath },
    environment: withPath.map(splitEnv),
    args: [],
    cmdSet: false,
    history: [],
  };
}

/** `K=V` → {key, value}; a name alone has an empty value. */
export function splitEnv(entry: string): KeyValue {
  const equals = entry.indexOf('=');
  return equals < 0 ? { key: entry, value: '' } : { key: entry.slice(0, equals), value: entry.slice(equals + 1) };
}

/** The list with one variable set, in its old place when it was there. */
export function setVariable(list: readonly KeyValue[], key: string, value: string): KeyValue[] {
  const index = list.findIndex((pair) => pair.key === key);
  return index < 0 ? [...list, { key, value }] : list.with(index, { key, value });
}

/** The state with a history line that has no layer. */
export function withHistory(state: StageState, createdBy: string): StageState {
  return { ...state, history: [...state.history, { createdBy, layer: false }] };
}

/** The state with a history line that has one. */
export function withLayerHistory(state: StageState, createdBy: string): StageState {
  return { ...state, history: [...state.history, { createdBy, layer: true }] };
}

/** An absolute, clean path: `..` stops at the root, a trailing slash goes. */
export function resolveWorkdir(current: string, path: string): string {
  return posix.resolve('/', current, path);
}

/** The user for ownership and RUN; root when none is set. */
export function userOf(state: StageState): string {
  return state.config.User ?? '';
}

export function workdirOf(state: StageState): string {
  return state.config.WorkingDir || '/';
}
