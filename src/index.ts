/** The library's surface: what the command line is made of. */
export { type BuildRequest, build } from './build/build.ts';
export { buildImage } from './build/build-image.ts';
export { createServices, type ServiceOptions } from './build/create-services.ts';
export { type Metrics, metricsSchema } from './build/explain/metrics.ts';
export type { BuildResult } from './build/images/build-result.ts';
export { type ExportTarget, exportImage } from './build/output/export-image.ts';
export { type Output, parseOutput } from './build/output/output.ts';
export type { BuildTotals, Progress, ProgressEvent } from './build/progress.ts';
export { type ProgressLine, progressLineSchema } from './build/progress-schema.ts';
export type { Services } from './build/services.ts';
export { type SourceLocation, VarveError } from './errors.ts';
export { systemClock } from './io/clock.ts';
export { type Log, silentLog } from './io/log.ts';
export { parsePlatform } from './oci/platform.ts';
export { parseReference } from './oci/reference.ts';
export { anonymous, type CredentialSource } from './registry/credential-source.ts';
