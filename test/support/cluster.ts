import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import type { V1Job, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { expanded, mounts } from './pod-place.ts';

/** What goes wrong, once for each entry. */
export interface ClusterFaults {
  /** Statuses of answers to POSTs of Jobs, before one is heeded. */
  readonly refuseJobs?: number[];
  /** Jobs that are made while the answer is lost. */
  loseAnswers?: number;
  /** Watches that end after their first event, and then, for one more, an ERROR event of 410. */
  cutWatches?: number;
  goneWatches?: number;
  /** Logs whose connection breaks after so many lines. */
  readonly cutLogs?: number[];
}

export interface TestCluster extends AsyncDisposable {
  readonly kubeconfig: string;
  /** All Jobs that there were, as they were posted. */
  readonly posted: readonly V1Job[];
  /** Names of the Jobs that are there. */
  jobs(): string[];
  /** Queries of DELETEs. */
  readonly deletions: readonly { readonly job: string; readonly propagation: string | null }[];
  readonly counts: { logs: number; lists: number; watches: number };
  /** Takes a pod away as a node does that has no memory left, when the Job's first line is there. */
  evictOnce(job: RegExp): void;
  /** Settles when a container has written something that matches. */
  written(text: RegExp): Promise<void>;
}

interface RunningPod {
  readonly job: string;
  pod: V1Pod;
  readonly lines: { readonly time: string; readonly text: string }[];
  readonly said: EventEmitter;
  isOver: boolean;
  child?: ChildProcess;
}

/**
 * An API server of batch/v1 and v1, as far as it is asked, with one node whose pods run varve as processes of this machine.
 * @param secrets by name: the values of their keys
 */
export async function startCluster(
  varve: string,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  faults: ClusterFaults = {},
): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-cluster-'));
  const [jobs, pods] = [new Map<string, V1Job>(), new Map<string, RunningPod>()];
  const [posted, deletions] = [[] as V1Job[], [] as { job: string; propagation: string | null }[]];
  const counts = { logs: 0, lists: 0, watches: 0 };
  const changes = new EventEmitter().setMaxListeners(0);
  const history: { readonly version: number; readonly type: string; readonly object: V1Pod }[] = [];
  const evictions: RegExp[] = [];
  const words: string[] = [];
  const children: ChildProcess[] = [];
  const heard = new EventEmitter();
  let version = 100;

  const change = (type: string, at: RunningPod, status?: V1Pod['status']): void => {
    version++;
    const metadata = { ...at.pod.metadata, resourceVersion: String(version) };
    at.pod = { ...at.pod, metadata, ...(status ? { status } : {}) };
    history.push({ version, type, object: at.pod });
    changes.emit('change');
  };

  const status = (phase: string, state: object, more: object = {}): V1Pod['status'] => ({
    phase,
    containerStatuses: [{ name: 'varve', image: '', imageID: '', ready: true, restartCount: 0, state }],
    ...more,
  });

  const evict = (at: RunningPod): void => {
    at.child?.kill('SIGKILL');
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' };
    change('MODIFIED', at, status('Failed', {}, { reason: 'Evicted', conditions: [condition] }));
  };

  const run = (at: RunningPod, spec: V1PodSpec): void => {
    const container = spec.containers.find(({ name }) => name === 'varve')!;
    const place = mkdtempSync(join(directory, 'pod-'));
    const { local, lastWord } = mounts(place, spec, container, secrets);
    const [command, ...first] = container.command!;
    const args = [...first, ...(container.args ?? [])].map(expanded).map(local);
    const own = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, local(value)]));
    const { PATH, HOME = '' } = process.env;
    const child = spawn(command === 'varve' ? varve : command!, args, {
      env: { PATH, HOME, VARVE_CONFIG: '', VARVE_STORE: local('/cache'), ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    at.child = child;
    children.push(child);
    change('MODIFIED', at, status('Running', { running: {} }));
    const write = (text: string): void => {
      at.lines.push({ time: new Date().toISOString().replace(/0*Z$/, 'Z'), text });
      words.push(text);
      at.said.emit('line');
      heard.emit('line');
      const eviction = evictions.findIndex((job) => job.test(at.job));
      if (eviction >= 0) {
        evictions.splice(eviction, 1);
        evict(at);
      }
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', write);
    child.on('close', (code, signal) => {
      at.isOver = true;
      at.said.emit('line');
      if (at.pod.status?.phase === 'Failed' || !pods.has(at.pod.metadata!.name!)) return;
      const exitCode = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
      const message = readFileSync(lastWord, 'utf8').slice(0, 4096);
      change('MODIFIED', at, status(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated: { exitCode, message } }));
    });
  };

  const createJob = (job: V1Job): void => {
    const name = job.metadata!.name!;
    jobs.set(name, job);
    posted.push(job);
    const { metadata, spec } = job.spec!.template;
    const pod: V1Pod = { metadata: { ...metadata, name: `${name}-abcde` }, spec: spec!, status: { phase: 'Pending' } };
    const at: RunningPod = { job: name, pod, lines: [], said: new EventEmitter().setMaxListeners(0), isOver: false };
    pods.set(pod.metadata!.name!, at);
    change('ADDED', at);
    run(at, spec!);
  };

  const watch = (response: ServerResponse, query: URLSearchParams): void => {
    counts.watches++;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if ((faults.goneWatches ?? 0) > 0 && (faults.cutWatches ?? 0) === 0) {
      faults.goneWatches!--;
      response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`);
      return;
    }
    let sent = Number(query.get('resourceVersion'));
    const send = (): void => {
      for (const each of history) {
        if (each.version <= sent || !matches(each.object, query)) continue;
        sent = each.version;
        response.write(`${JSON.stringify({ type: each.type, object: each.object })}\n`);
        if ((faults.cutWatches ?? 0) > 0) {
          faults.cutWatches!--;
          changes.off('change', send);
          response.write('{"type":"MODI', () => response.destroy());
          return;
        }
      }
    };
    changes.on('change', send);
    response.on('close', () => changes.off('change', send));
    send();
  };

  const log = async (response: ServerResponse, at: RunningPod, query: URLSearchParams): Promise<void> => {
    counts.logs++;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    let left = faults.cutLogs?.shift() ?? Number.POSITIVE_INFINITY;
    const since = Date.parse(query.get('sinceTime') ?? '1970-01-01T00:00:00Z');
    let next = 0;
    const closed = once(response, 'close');
    for (;;) {
      for (; next < at.lines.length; next++) {
        const { time, text } = at.lines[next]!;
        if (Date.parse(time) < since) continue;
        if (left-- === 0) return void response.destroy();
        response.write(`${time} ${text}\n`);
      }
      if (at.isOver) return void response.end();
      const said = once(at.said, 'line');
      if (next < at.lines.length || at.isOver) continue;
      await Promise.race([said, closed]);
      if (response.destroyed) return;
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url!, 'http://cluster');
    const reply = (code: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    const refuse = (code: number, message: string, headers?: Record<string, string>): void =>
      reply(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }, headers);
    if (request.headers.authorization !== 'Bearer of-the-test') return refuse(401, 'Unauthorized');
    const [, kind, name, log_] =
      /^\/(?:api\/v1|apis\/batch\/v1)\/namespaces\/builds\/(jobs|pods|events)(?:\/([^/]+))?(\/log)?$/.exec(pathname) ??
      [];
    if (kind === 'jobs' && request.method === 'POST') {
      const job = (await json(request)) as V1Job;
      const status = faults.refuseJobs?.shift();
      if (status !== undefined) return refuse(status, 'not now', { 'retry-after': '0' });
      if (jobs.has(job.metadata!.name!)) return refuse(409, 'already exists');
      createJob(job);
      if ((faults.loseAnswers ?? 0) > 0) {
        faults.loseAnswers!--;
        return void response.destroy();
      }
      return reply(201, job);
    }
    if (kind === 'jobs' && request.method === 'GET')
      return jobs.has(name!) ? reply(200, jobs.get(name!)!) : refuse(404, 'not found');
    if (kind === 'jobs' && request.method === 'DELETE') {
      const body = (await json(request).catch(() => ({}))) as { propagationPolicy?: string };
      deletions.push({
        job: name!,
        propagation: searchParams.get('propagationPolicy') ?? body.propagationPolicy ?? null,
      });
      if (!jobs.delete(name!)) return refuse(404, 'not found');
      for (const at of pods.values())
        if (at.job === name) {
          pods.delete(at.pod.metadata!.name!);
          at.child?.kill('SIGTERM');
          change('DELETED', at);
        }
      return reply(200, { kind: 'Status', status: 'Success' });
    }
    if (kind === 'events') return reply(200, { kind: 'EventList', apiVersion: 'v1', items: [] });
    if (kind === 'pods' && log_) {
      const at = pods.get(name!);
      return at ? log(response, at, searchParams) : refuse(404, 'not found');
    }
    if (kind === 'pods' && searchParams.get('watch')) return watch(response, searchParams);
    if (kind === 'pods') {
      counts.lists++;
      const items = [...pods.values()].map(({ pod }) => pod).filter((pod) => matches(pod, searchParams));
      return reply(200, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: String(version) }, items });
    }
    refuse(404, `no such path: ${pathname}`);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, configuration((server.address() as AddressInfo).port));
  return {
    kubeconfig,
    posted,
    deletions,
    counts,
    jobs: () => [...jobs.keys()],
    evictOnce: (job) => void evictions.push(job),
    async written(text) {
      while (!words.some((line) => text.test(line))) await once(heard, 'line');
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(
        children.map((child) => child.exitCode === null && child.signalCode === null && once(child, 'exit')),
      );
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function matches({ metadata }: V1Pod, query: URLSearchParams): boolean {
  const [name = '', value] = (query.get('labelSelector') ?? '').split('=');
  return metadata?.labels?.[name] === value;
}

function configuration(port: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token: 'of-the-test' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'builds' } }],
    'current-context': 'test',
  });
}
