/** What is looked at to tell a container from a machine. */
export interface ContainerFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  exists(path: string): boolean;
  /** Text of /proc/1/cgroup; empty when it cannot be read. */
  readonly cgroup: string;
}

/** Files that runtimes leave in a container: docker's, podman's, Kubernetes' service account. */
const FILES = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];

/** By what this is a container; undefined on a machine. Kubernetes gives every container the address of its API. */
export function containerSign({ env, exists, cgroup }: ContainerFacts): string | undefined {
  if (env.container) return `the variable container is ${env.container}`;
  if (env.KUBERNETES_SERVICE_HOST) return 'the variable KUBERNETES_SERVICE_HOST is set';
  const file = FILES.find(exists);
  if (file !== undefined) return `${file} exists`;
  const match = /(docker|kubepods|containerd|libpod|lxc)/.exec(cgroup);
  return match ? `the control group of process 1 is ${match[1]}'s` : undefined;
}
