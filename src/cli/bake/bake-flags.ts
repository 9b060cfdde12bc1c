import { type Command, Option } from 'commander';
import { type RootfsKind, RUNGS, type Rung } from '../../sandbox/sandbox.ts';
import { addCacheMountFlags, type CacheMountFlags } from '../cache-mount-flags.ts';
import { type Call, parseCall } from '../parse-call.ts';
import { type ProgressMode, progressOption } from '../progress/render-progress.ts';
import { repeated } from '../repeated.ts';
import { addCommonFlags, type CommonFlags, positive } from '../service-options.ts';
import { AFFECTED_FORMS, type AffectedForm } from './affected-text.ts';
import { addKubernetesFlags, type KubernetesFlags } from './kubernetes-flags.ts';

/** What `varve bake` takes besides the targets. */
export interface BakeFlags extends CommonFlags, CacheMountFlags, KubernetesFlags {
  readonly file: readonly string[];
  readonly set: readonly string[];
  readonly var: readonly string[];
  readonly allow: readonly string[];
  readonly print?: boolean;
  readonly list?: string;
  readonly affected?: AffectedForm | true;
  readonly check?: boolean;
  readonly call: Call;
  readonly push?: boolean;
  readonly load?: boolean;
  readonly cache: boolean;
  readonly pull?: boolean;
  readonly provenance?: string;
  readonly sbom?: string;
  readonly metadataFile?: string;
  readonly keepGoing?: boolean;
  readonly cacheRepo: readonly string[];
  readonly cacheKey?: string;
  readonly pushCache: boolean;
  readonly progress?: ProgressMode;
  readonly isolation: 'auto' | Rung;
  readonly rootfs: 'auto' | RootfsKind;
  readonly parallel?: number;
}

/** Adds the flags of {@link BakeFlags}. */
export function addBakeFlags(command: Command): Command {
  command
    .option(
      '-f, --file <path>',
      'a bake or compose file, - for stdin; later ones go over earlier ones (repeatable; default: those of the directory)',
      repeated,
      [],
    )
    .option('--set <target.key=value>', 'another value for a key of the targets that match (repeatable)', repeated, [])
    .option('--var <name=value>', 'the value of a variable, before the environment (repeatable)', repeated, [])
    .option('--print', 'print the targets as JSON and build nothing')
    .option('--list <type>', 'list targets or variables (type=targets,format=json as JSON) and build nothing')
    .addOption(
      new Option(
        '--affected [format]',
        'say which targets would change and why, as text or json, and build nothing',
      ).choices(AFFECTED_FORMS),
    )
    .option('--check', 'only check the Dockerfiles: --call check')
    .addOption(
      new Option('--call <method>', 'build, or only answer: check, outline or targets (with ,format=json as JSON)')
        .argParser(parseCall)
        .default(parseCall('build'), 'build'),
    )
    .option('--push', 'push every target to the registry of its tags')
    .option('--load', 'refused: there is no daemon to load into')
    .option('--no-cache', 'run every step')
    .option('--pull', 'ask the registry for every image')
    .option('--provenance <attest>', 'short for --set=*.attest=type=provenance')
    .option('--sbom <attest>', 'short for --set=*.attest=type=sbom')
    .option(
      '--allow <entitlement>',
      'network.host, security.insecure, ssh, or fs=PATH, fs.read=PATH, fs.write=PATH (repeatable)',
      repeated,
      [],
    )
    .option('--keep-going', 'build on what does not depend on a target that failed')
    .option('--metadata-file <path>', "write the results' digests and names there by target, as JSON")
    .option(
      '--cache-repo <repository>',
      'repository (or oci:DIR) to read records of steps from, and write them to the first one (repeatable)',
      repeated,
      [],
    )
    .option('--no-push-cache', 'write no records, and save no cache mounts')
    .option(
      '--cache-key <file>',
      'sign records with this key and use no others: a secret, or an Ed25519 or ECDSA key in PEM',
    )
    .addOption(progressOption())
    .addOption(new Option('--isolation <rung>', 'how RUN is isolated').choices(['auto', ...RUNGS]).default('auto'))
    .addOption(
      new Option('--rootfs <kind>', "what RUN's root file system is")
        .choices(['auto', 'overlay', 'plain'])
        .default('auto'),
    )
    .option('--parallel <n>', 'steps of all targets that run at once (default: the number of processors)', positive);
  return addCommonFlags(addKubernetesFlags(addCacheMountFlags(command)));
}

/** What the flags say of caches of steps, as words for varve build. */
export function cacheWords({ cacheRepo, cacheKey, pushCache }: BakeFlags): string[] {
  return [
    ...cacheRepo.map((each) => `--cache-repo=${each}`),
    ...(cacheKey === undefined ? [] : [`--cache-key=${cacheKey}`]),
    ...(pushCache ? [] : ['--no-push-cache']),
  ];
}
