import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

export interface LocalRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, plain HTTP. */
  readonly host: string;
}

/** How long the registry may take to listen; it takes 10 to 50 ms. */
const START_MS = 20_000;

/** Starts `docker-registry` on a free loopback port, with its storage in a temporary directory (or in the one given). */
export async function startLocalRegistry(storage?: string): Promise<LocalRegistry> {
  const directory = temporaryDirectory('varve-registry');
  const config = join(directory.path, 'config.yml');
  // JSON is YAML. https://distribution.github.io/distribution/about/configuration/
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'info', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: storage ?? join(directory.path, 'data') },
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: { addr: '127.0.0.1:0' },
    }),
  );
  // Its own process group, so that Ctrl-C doesn't take it away from a build that is still being stopped.
  const child = spawn('docker-registry', ['serve', config], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close').catch(() => undefined);
  const stop = async () => {
    child.kill('SIGKILL');
    await closed;
    directory[Symbol.dispose]();
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        // After the start the log is only drained.
        if (log.length < 64 * 1024) log += text;
        const match = /listening on 127\.0\.0\.1:(\d+)/.exec(log);
        if (match?.[1]) resolve(match[1]);
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(`docker-registry did not start:\n${log.slice(-2000)}`)));
    });
    return { host: `127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
