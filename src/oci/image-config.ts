import * as z from 'zod';
import { VarveError } from '../errors.ts';
import { digestSchema } from './descriptor.ts';
import { parseJson } from './parse-json.ts';

const strings = z.array(z.string()).nullish();
const flags = z.record(z.string(), z.looseObject({})).nullish();

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md and Docker's Healthcheck, OnBuild, Shell */
export const healthcheckSchema = z.looseObject({
  Test: z.array(z.string()).nullish(),
  /** nanoseconds, as are all durations here */
  Interval: z.number().optional(),
  Timeout: z.number().optional(),
  StartPeriod: z.number().optional(),
  StartInterval: z.number().optional(),
  Retries: z.number().optional(),
});

export const runConfigSchema = z.looseObject({
  User: z.string().optional(),
  ExposedPorts: flags,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: flags,
  WorkingDir: z.string().optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().optional(),
  ArgsEscaped: z.boolean().optional(),
  Healthcheck: healthcheckSchema.nullish(),
  OnBuild: strings,
  Shell: strings,
});
export type RunConfig = z.infer<typeof runConfigSchema>;

export const historySchema = z.looseObject({
  created: z.string().optional(),
  created_by: z.string().optional(),
  author: z.string().optional(),
  comment: z.string().optional(),
  empty_layer: z.boolean().optional(),
});
export type History = z.infer<typeof historySchema>;

export const imageConfigSchema = z.looseObject({
  created: z.string().optional(),
  author: z.string().optional(),
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).optional(),
  config: runConfigSchema.nullish(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(digestSchema) }),
  history: z.array(historySchema).nullish(),
});
export type ImageConfig = z.infer<typeof imageConfigSchema>;

/**
 * Reads an image config whose digest the caller has checked.
 * @throws VarveError `CONFIG_INVALID`
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    throw new VarveError('CONFIG_INVALID', `the image config is not JSON: ${(error as Error).message}`);
  }
  const parsed = imageConfigSchema.safeParse(json);
  if (!parsed.success)
    throw new VarveError('CONFIG_INVALID', `the image config cannot be used: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
