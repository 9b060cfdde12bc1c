import { createHash } from 'node:crypto';

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

interface Described {
  readonly digest: string;
  readonly size: number;
}

/** Reads all that the tags of a registry lead to. What was read once under a digest is not read again. */
export interface RegistryCheck {
  /** @returns a sentence for each tag that leads to something that is missing, or has other bytes */
  problems(repositories: readonly string[]): Promise<string[]>;
  /** Tags and blobs that were looked at. */
  readonly seen: { tags: number; blobs: number };
}

/** @param host of a registry that speaks HTTP, without anything between */
export function createRegistryCheck(host: string): RegistryCheck {
  const whole = new Set<string>();
  const seen = { tags: 0, blobs: 0 };
  const get = (path: string) => fetch(`http://${host}/v2/${path}`, { headers: { accept: MANIFESTS } });

  async function blobProblem(repository: string, { digest, size }: Described): Promise<string | undefined> {
    const name = `${repository}@${digest}`;
    if (whole.has(name)) return undefined;
    const answer = await get(`${repository}/blobs/${digest}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200) return `blob ${digest} is answered ${answer.status}`;
    if (bytes.length !== size || `sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
      return `blob ${digest} has other bytes`;
    seen.blobs++;
    whole.add(name);
    return undefined;
  }

  async function manifestProblem(repository: string, reference: string): Promise<string | undefined> {
    const answer = await get(`${repository}/manifests/${reference}`);
    if (answer.status !== 200) return `manifest ${reference} is answered ${answer.status}`;
    const text = await answer.text();
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    if (whole.has(`${repository}@${digest}`)) return undefined;
    const manifest = JSON.parse(text) as { manifests?: Described[]; config?: Described; layers?: Described[] };
    for (const each of manifest.manifests ?? []) {
      const problem = await manifestProblem(repository, each.digest);
      if (problem !== undefined) return problem;
    }
    for (const blob of [manifest.config ?? [], manifest.layers ?? []].flat()) {
      const problem = await blobProblem(repository, blob);
      if (problem !== undefined) return problem;
    }
    whole.add(`${repository}@${digest}`);
    return undefined;
  }

  return {
    seen,
    async problems(repositories) {
      const problems: string[] = [];
      for (const repository of repositories) {
        const { tags } = (await (await get(`${repository}/tags/list`)).json()) as { tags?: string[] | null };
        for (const tag of tags ?? []) {
          seen.tags++;
          const problem = await manifestProblem(repository, tag);
          if (problem !== undefined) problems.push(`${repository}:${tag}: ${problem}`);
        }
      }
      return problems;
    },
  };
}
