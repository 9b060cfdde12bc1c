import { type Command, InvalidArgumentError, Option } from 'commander';
import { VarveError } from '../../errors.ts';
import type { SecretKey } from '../../kubernetes/target-job.ts';

/** Where targets are built. */
export interface KubernetesFlags {
  readonly on: 'local' | 'kubernetes';
  readonly kubeContext?: string;
  readonly kubeNamespace?: string;
  readonly kubeTemplate?: string;
  readonly kubeImage?: string;
  readonly kubeServiceAccount?: string;
  readonly kubeRegistrySecret?: string;
  readonly kubeSecret: ReadonlyMap<string, SecretKey>;
}

/** Adds the flags of {@link KubernetesFlags}. */
export function addKubernetesFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--on <place>', 'where targets are built: kubernetes makes a Job of each, see docs/kubernetes.md')
        .choices(['local', 'kubernetes'])
        .default('local'),
    )
    .option('--kube-context <name>', 'the context of the kubeconfig (default: the current one)')
    .option('--kube-namespace <name>', "the Jobs' namespace (default: the context's)")
    .option(
      '--kube-template <file>',
      'a Job whose container `varve` is given the command (default: one for --isolation)',
    )
    .option('--kube-image <image>', "varve's image; the template may name it, too")
    .option('--kube-service-account <name>', "the service account of the Jobs' pods")
    .option(
      '--kube-registry-secret <name>',
      'the Secret of type kubernetes.io/dockerconfigjson that Jobs ask registries with',
    )
    .addOption(
      new Option('--kube-secret <id=secret/key>', "the Secret's key that a target's secret ID is in a Job (repeatable)")
        .argParser(secretKey)
        .default(new Map(), 'none'),
    );
}

/** @throws VarveError `USAGE` for flags of a cluster where targets are built here */
export function checkKubernetesFlags(flags: KubernetesFlags): void {
  if (flags.on === 'kubernetes') return;
  const { kubeContext, kubeNamespace, kubeTemplate, kubeImage, kubeServiceAccount, kubeRegistrySecret } = flags;
  const given = Object.entries({
    '--kube-context': kubeContext,
    '--kube-namespace': kubeNamespace,
    '--kube-template': kubeTemplate,
    '--kube-image': kubeImage,
    '--kube-service-account': kubeServiceAccount,
    '--kube-registry-secret': kubeRegistrySecret,
    '--kube-secret': flags.kubeSecret.size ? '' : undefined,
  }).find(([, value]) => value !== undefined);
  if (given) throw new VarveError('USAGE', `${given[0]} is for --on kubernetes`, { exitCode: 2 });
}

function secretKey(value: string, before: ReadonlyMap<string, SecretKey>): ReadonlyMap<string, SecretKey> {
  const [, id, secret, key] = /^([^=]+)=([a-z0-9.-]+)\/([A-Za-z0-9._-]+)$/.exec(value) ?? [];
  if (id === undefined || secret === undefined || key === undefined)
    throw new InvalidArgumentError('it is ID=SECRET/KEY, the key KEY of the Secret SECRET');
  return new Map([...before, [id, { secret, key }]]);
}
