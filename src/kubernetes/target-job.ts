import type { V1EnvVar, V1Job, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { BAKE_LABEL, JOB_LABEL } from './follow-pods.ts';
import { CONTAINER } from './job-template.ts';

/** How long a Job that failed can be looked at, in seconds; one whose varve was killed goes then, too. */
const KEPT_SECONDS = 3600;
const NAME_CHARS = 63;
/** A pod has its Job's name and five characters more. */
const POD_SUFFIX_CHARS = 6;
const CREDENTIALS_PATH = '/var/run/varve/registry';
const SECRETS_PATH = '/var/run/varve/secrets';
/** Where a container leaves its last word. @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
const LAST_WORD_PATH = '/dev/termination-log';

/** A key of a Secret of the cluster. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

export interface TargetJob {
  readonly template: V1Job;
  readonly target: string;
  /** Names this bake. */
  readonly bake: string;
  /** Of `varve build`, without what is added here. */
  readonly words: readonly string[];
  readonly image?: string;
  readonly serviceAccount?: string;
  /** The Secret of type kubernetes.io/dockerconfigjson that registries are asked with. */
  readonly registrySecret?: string;
  /** By the ids that RUNs name. */
  readonly secrets: ReadonlyMap<string, SecretKey>;
}

/** The Job that builds a target. No value of a secret is in it. @param attempt counts from 1 */
export function targetJob(request: TargetJob, attempt: number): V1Job {
  const { template, target, bake, words, image, serviceAccount, registrySecret, secrets } = request;
  const spec = template.spec!.template.spec!;
  const name = jobName(target, bake, attempt);
  const labels = { [BAKE_LABEL]: bake, [JOB_LABEL]: name, 'app.kubernetes.io/managed-by': 'varve' };
  const [volumes, mounts] = [[] as V1Volume[], [] as V1VolumeMount[]];
  const env: V1EnvVar[] = [];
  const mount = (path: string, volume: V1Volume): void => {
    volumes.push(volume);
    mounts.push({ name: volume.name, mountPath: path, readOnly: true });
  };
  if (registrySecret !== undefined) {
    const items = [{ key: '.dockerconfigjson', path: 'config.json' }];
    mount(CREDENTIALS_PATH, { name: 'varve-registry', secret: { secretName: registrySecret, items } });
    env.push({ name: 'DOCKER_CONFIG', value: CREDENTIALS_PATH });
  }
  const flags = [...secrets].map(([id, { secret, key }], i) => {
    const path = `${SECRETS_PATH}/${i}`;
    mount(path, { name: `varve-secret-${i}`, secret: { secretName: secret, items: [{ key, path: 'value' }] } });
    return `--secret=id=${id},src=${path}/value`;
  });
  const containers = spec.containers.map((container) => {
    if (container.name !== CONTAINER) return container;
    const lastWord = container.terminationMessagePath ?? LAST_WORD_PATH;
    return {
      ...container,
      ...(image === undefined ? {} : { image }),
      command: container.command ?? ['varve'],
      args: ['build', '--progress=json', `--metadata-file=${lastWord}`, ...flags, ...words].map(literal),
      env: [...(container.env ?? []), ...env],
      volumeMounts: [...(container.volumeMounts ?? []), ...mounts],
      terminationMessagePath: lastWord,
      terminationMessagePolicy: 'File' as const,
    };
  });
  return {
    ...template,
    metadata: { ...template.metadata, name, labels: { ...template.metadata?.labels, ...labels } },
    spec: {
      ttlSecondsAfterFinished: KEPT_SECONDS,
      ...template.spec,
      // Whether something is done again is decided here, where it is known why it ended.
      backoffLimit: 0,
      template: {
        ...template.spec!.template,
        metadata: {
          ...template.spec!.template.metadata,
          labels: { ...template.spec!.template.metadata?.labels, ...labels },
        },
        spec: {
          automountServiceAccountToken: false,
          ...spec,
          ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
          restartPolicy: 'Never',
          containers,
          volumes: [...(spec.volumes ?? []), ...volumes],
        },
      },
    },
  };
}

function jobName(target: string, bake: string, attempt: number): string {
  const tail = `-${bake}-${attempt}`;
  const slug = `varve-${target.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return slug.slice(0, NAME_CHARS - POD_SUFFIX_CHARS - tail.length).replace(/-+$/, '') + tail;
}

/** An argument as it is: the kubelet takes `$(NAME)` for a variable, and `$$` for a `$`. */
function literal(word: string): string {
  return word.replaceAll('$', '$$$$');
}
