import { type Command, Option } from 'commander';
import { type RootfsKind, RUNGS, type Rung } from '../sandbox/sandbox.ts';
import { type AttestFlags, addAttestFlags } from './attest-flags.ts';
import { addReportFlags, type ReportFlags } from './build-report.ts';
import { addCacheFlags, type CacheFlags } from './cache-flags.ts';
import { addCacheMountFlags, type CacheMountFlags } from './cache-mount-flags.ts';
import { addInPlaceFlags, type InPlaceFlags } from './in-place-flags.ts';
import { byteSize } from './layer-options.ts';
import { addOutputFlags, type OutputFlags } from './output-flags.ts';
import { type Call, parseCall } from './parse-call.ts';
import type { RunFlags } from './parse-run-settings.ts';
import { type ProgressMode, progressOption } from './progress/render-progress.ts';
import { repeated } from './repeated.ts';
import { addCommonFlags, type CommonFlags, positive } from './service-options.ts';

/** What `varve build` takes besides the context. */
export interface BuildFlags
  extends CommonFlags,
    CacheFlags,
    CacheMountFlags,
    RunFlags,
    OutputFlags,
    AttestFlags,
    ReportFlags,
    InPlaceFlags {
  readonly file?: string;
  readonly contextSubPath?: string;
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly target?: string;
  readonly normalizeModes?: boolean;
  readonly ignorePath: readonly string[];
  readonly squash?: boolean;
  readonly platform: readonly string[];
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly pull?: boolean;
  /** --no-cache-filter: commander takes the `no` for a negation. */
  readonly cacheFilter: readonly string[];
  readonly cache: boolean;
  readonly gitIndex?: boolean;
  readonly progress?: ProgressMode;
  readonly isolation: 'auto' | Rung;
  readonly rootfs: 'auto' | RootfsKind;
  readonly parallel?: number;
  readonly maxLayerSize?: number;
  readonly check?: boolean;
  readonly call: Call;
}

/** Adds the flags of {@link BuildFlags}. */
export function addBuildFlags(command: Command): Command {
  command
    .option(
      '-f, --file <path>',
      'the Dockerfile (default: CONTEXT/Dockerfile): a path, in the context when that is not a directory; a URL; oci-artifact://REF; - for stdin',
    )
    .option('--context-sub-path <dir>', 'a directory in the context that COPY and ADD read from instead')
    .option(
      '--build-arg <key=value>',
      'value of an ARG; KEY alone takes it from the environment (repeatable)',
      repeated,
      [],
    )
    .option(
      '--build-context <name=source>',
      'a directory, docker-image://REF, oci-layout://PATH[:TAG][@DIGEST], git repository, URL, tar://FILE, oci-artifact://REF, s3:// or gs:// to use as NAME, or as NAME::PLATFORM on one platform (repeatable)',
      repeated,
      [],
    )
    .option(
      '--secret <spec>',
      'id=ID,src=FILE or id=ID,env=NAME, for RUN --mount=type=secret (repeatable)',
      repeated,
      [],
    )
    .option(
      '--allow <entitlement>',
      'network.host or security.insecure, for RUNs that ask for it (repeatable)',
      repeated,
      [],
    )
    .addOption(
      new Option('--network <mode>', 'the network of RUNs without --network; host allows network.host too')
        .choices(['default', 'none', 'host'])
        .default('default'),
    )
    .option('--add-host <name:ip>', 'a line in the /etc/hosts of every RUN (repeatable)', repeated, [])
    .option('--ulimit <type=soft[:hard]>', 'a limit for every RUN, -1 is unlimited (repeatable)', repeated, [])
    .option('--shm-size <size>', 'the size of /dev/shm in every RUN (default: 64m)')
    .option(
      '--ssh <spec>',
      'default or ID[=SOCKET|=KEY,KEY], an agent for RUN --mount=type=ssh; git over ssh takes default (repeatable)',
      repeated,
      [],
    )
    .option('--normalize-modes', 'files of contexts are 0644 or 0755, directories 0755, as git has them')
    .option(
      '--ignore-path <path>',
      'what steps change there or below is in no layer, and gone after the step (repeatable)',
      repeated,
      [],
    )
    .option(
      '--squash',
      'one layer for all that the image adds to its base; each instruction is still kept in the cache',
    )
    .option('--target <stage>', 'the stage to build (default: the last one)')
    .option(
      '--platform <os/arch>',
      "the image's platform; several, with commas or repeated, make an image index (default: this machine's)",
      repeated,
      [],
    )
    .option('--pull', 'ask the registry for every image, also for those that the store keeps under the name')
    .option('--no-cache', 'run every step')
    .option('--no-cache-filter <stage>', 'run every step of this stage (repeatable)', repeated, [])
    .option('--label <key=value>', "a label, over the Dockerfile's (repeatable)", repeated, [])
    .option(
      '--annotation <[level:]key=value>',
      'an annotation; the levels are manifest (default), index, manifest-descriptor and index-descriptor, the manifest ones with [PLATFORM] for one platform only (repeatable)',
      repeated,
      [],
    )
    .option(
      '--git-index',
      "warn when git's index cannot spare reading the context's files (default: use it where it can)",
    )
    .option('--no-git-index', "read files that changed since the last build, whatever git's index says of them")
    .addOption(progressOption())
    .addOption(
      new Option(
        '--isolation <rung>',
        'how RUN is isolated: auto takes the first of oci, namespaces and chroot that works',
      )
        .choices(['auto', ...RUNGS])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--rootfs <kind>',
        "what RUN's root file system is: an overlay, or a directory with a copy of all files",
      )
        .choices(['auto', 'overlay', 'plain'])
        .default('auto'),
    )
    .option('--check', 'only check the Dockerfile: --call check')
    .addOption(
      new Option('--call <method>', 'build, or only answer: check, outline or targets (with ,format=json as JSON)')
        .argParser(parseCall)
        .default(parseCall('build'), 'build'),
    )
    .option('--parallel <n>', 'steps that run at once (default: the number of processors)', positive)
    .option(
      '--max-layer-size <size>',
      'the most that one layer may unpack to, in bytes or as 500m, 50g (default: 1t)',
      byteSize,
    );
  return addCommonFlags(
    addCacheFlags(addCacheMountFlags(addReportFlags(addAttestFlags(addOutputFlags(addInPlaceFlags(command)))))),
  );
}
