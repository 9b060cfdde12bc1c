/** One of kaniko's feature flags, `FF_KANIKO_…`. */
export interface FeatureRow {
  readonly name: string;
  /** The value that names what varve does; undefined when it is about something that varve doesn't have. */
  readonly always?: boolean;
  /** What varve does. */
  readonly says: string;
}

const NO_SUCH = 'varve has nothing of the kind';

export const FEATURE_ROWS: readonly FeatureRow[] = [
  { name: 'ADD_CHECKSUM', always: true, says: 'ADD --checksum is checked' },
  { name: 'BUILDKIT_ARG_ENV_PRECEDENCE', always: true, says: 'ENV goes before ARG as in BuildKit' },
  { name: 'CACHE_HASH_BLAKE3', always: false, says: 'files are hashed with sha256' },
  { name: 'CACHE_LOOKAHEAD', always: true, says: 'all keys that are known in advance are looked up at once' },
  { name: 'CACHE_PROBE_AFTER_MISS', always: true, says: 'steps after a miss are looked up too' },
  { name: 'CHOWN_ON_IMPLICIT_DIRS', always: true, says: 'owners of created directories are as in BuildKit' },
  { name: 'CLEAN_KANIKO_DIR', says: NO_SUCH },
  { name: 'COPY_AS_ROOT', always: true, says: 'files of the context belong to root' },
  { name: 'COPY_CHMOD_ON_IMPLICIT_DIRS', always: true, says: 'modes of created directories are as in BuildKit' },
  { name: 'COPY_SKIP_SPECIAL_FILES', always: true, says: 'FIFOs and devices are copied as such, sockets are not' },
  { name: 'CROSS_REPO_MOUNT', always: true, says: 'layers are mounted from where they are' },
  { name: 'DEPRECATE_INTER_STAGE_RESTORE', always: true, says: 'the context is never touched' },
  { name: 'DEPRECATE_LAYERLESS_CACHE_ENTRIES', says: 'steps that change nothing have records too' },
  { name: 'DISABLE_HTTP2', always: true, says: 'registries are spoken to in HTTP/1.1' },
  { name: 'EXPAND_HEREDOC', always: true, says: 'variables in heredocs of COPY and ADD are expanded' },
  { name: 'HASH_DIR_FRAMING', always: true, says: 'keys are length-framed' },
  { name: 'HEREDOC', always: true, says: 'heredocs are supported' },
  { name: 'IGNORE_CACHED_MANIFEST', says: NO_SUCH },
  { name: 'INFER_CROSS_STAGE_CACHE_KEY', always: true, says: 'COPY --from hits without building its stage' },
  { name: 'NATIVE_COPY', always: true, says: 'COPY --from keeps hard links and capabilities' },
  { name: 'NEW_CACHE_LAYOUT', says: NO_SUCH },
  { name: 'NO_PROPAGATE_ANNOTATIONS', always: true, says: 'annotations of the base are left behind' },
  { name: 'OCI_SCRATCH_BASE', always: true, says: 'an image on scratch has the types of OCI' },
  { name: 'OCI_STAGES', says: NO_SUCH },
  { name: 'OCI_WARMER', always: true, says: 'the store is an OCI layout' },
  { name: 'PATH_SCOPED_REGISTRY_AUTH', always: true, says: 'credentials may be for a namespace' },
  { name: 'PLATFORM_CACHE_KEY', always: true, says: 'the platform is in every key' },
  { name: 'PRECOMPILE_DOCKERIGNORE', always: true, says: 'patterns are compiled once' },
  { name: 'PRESERVE_HARDLINKS', always: true, says: 'hard links are kept' },
  { name: 'PRESERVE_MOUNTED_PATHS', always: true, says: 'what is mounted in the pod is never touched' },
  { name: 'RELATIVE_LINK_TARGETS', always: true, says: 'targets of hard links are relative' },
  { name: 'REPRODUCIBLE_PRESERVE_BASE_LAYERS', always: true, says: '--reproducible leaves layers of the base' },
  { name: 'RESOLVE_CACHE_KEY', always: true, says: 'keys have the expanded words and heredocs' },
  { name: 'ROLLING_CACHE_KEY', always: true, says: 'keys are digests of digests' },
  { name: 'RUN_HONOR_GROUP', always: true, says: 'USER u:g gives RUN that group' },
  { name: 'RUN_MOUNT_BIND', always: true, says: 'bind mounts are supported' },
  { name: 'RUN_MOUNT_CACHE', always: true, says: 'cache mounts are supported' },
  { name: 'RUN_MOUNT_SECRET', always: true, says: 'secret mounts are supported' },
  { name: 'RUN_VIA_TINI', always: true, says: 'what a RUN leaves behind is ended and reaped' },
  { name: 'SCOPED_DOCKERIGNORE', always: true, says: '.dockerignore counts for the context only' },
  { name: 'SECUREJOIN_EXTRACTION', always: true, says: 'no link leads out of an image' },
  { name: 'SHARED_BASE_CACHE', always: true, says: 'each layer is in the store once' },
  { name: 'SKIP_CACHED_STAGES', always: true, says: 'a stage of which all is cached is not touched' },
  { name: 'SKIP_RELABEL_RECOMPRESS', always: true, says: 'layers keep their bytes when only the type changes' },
  { name: 'SKIP_WRITE_WHITEOUTS', always: true, says: 'markers of deleted files are never files' },
  { name: 'SQUASH_STAGES', says: NO_SUCH },
  { name: 'UNTAR_SKIP_ROOT', always: true, says: 'ADD of an archive leaves the target directory as it is' },
  { name: 'VOLUME_SKIP_MKDIR', always: true, says: 'VOLUME makes no directory' },
  { name: 'WARMER_CACHE_LOCK', always: true, says: 'any number of processes may use a store' },
];
