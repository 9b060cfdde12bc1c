import { stat } from 'node:fs/promises';
import type { Services } from '../build/services.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { type ImageName, parseImageName } from '../registry/image-name.ts';
import type { ImageSource } from '../registry/image-source.ts';
import { type CommonFlags, serviceOptions } from './service-options.ts';

/** What the commands for images are given. */
export interface CommandRun {
  readonly signal: AbortSignal;
  readonly version: string;
}

/** The services of a command beside the build. All that it needs is loaded now, so that a build starts without it. */
export interface ImageServices extends AsyncDisposable {
  readonly services: Services;
  readonly platform: Platform;
  open(text: string): Promise<ImageSource>;
}

/** Makes them; sources that were opened are closed with them. */
export async function openImages(flags: CommonFlags, { signal, version }: CommandRun): Promise<ImageServices> {
  const [{ createServices }, { plainArchive }, { openImage }] = await Promise.all([
    import('../build/create-services.ts'),
    import('../build/images/plain-archive.ts'),
    import('../registry/open-image.ts'),
  ]);
  const options = serviceOptions(flags, { version, signal });
  const services = await createServices(options);
  const opened: { close(): Promise<void> }[] = [];
  return {
    services,
    platform: options.platform,
    async open(text) {
      const given = await sourceName(text);
      let name = given;
      if (given.kind === 'oci-archive' || given.kind === 'docker-archive') {
        const plain = await plainArchive(given.path, services);
        opened.push({ close: () => plain.remove() });
        name = { ...given, path: plain.path };
      }
      const source = await openImage(name, text, {
        registry: services.registry,
        store: services.store.path,
        signal,
      });
      opened.push(source);
      return source;
    },
    async [Symbol.asyncDispose]() {
      for (const source of opened.reverse()) await source.close();
      await services[Symbol.asyncDispose]();
    },
  };
}

/** A path that is there needs no prefix: a directory is a layout, a file an archive of either kind. */
async function sourceName(text: string): Promise<ImageName> {
  const found = /^[a-z-]+:/.test(text) ? undefined : await stat(text).catch(() => undefined);
  if (found?.isDirectory()) return { kind: 'oci', path: text };
  if (found?.isFile()) return { kind: 'oci-archive', path: text };
  return parseImageName(text);
}

/** The value of --platform; `all` is none. */
export function platformOf(text: string | undefined, fallback: Platform | undefined): Platform | undefined {
  if (text === undefined) return fallback;
  return text === 'all' ? undefined : parsePlatform(text);
}
