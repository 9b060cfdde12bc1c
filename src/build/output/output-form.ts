import type { VarveError } from '../../errors.ts';
import { type Annotation, parseAnnotation } from '../images/annotations.ts';
import { COMPRESSION_NAMES, type ImageForm, layerForm } from '../images/image-form.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What an --output says of the image's form.
 * @param flag the value of a key that is true or false
 * @param usage makes the error
 * @throws what `usage` gives; VarveError `COMPRESSION_LEVEL`
 */
export function parseOutputForm(
  values: ReadonlyMap<string, string>,
  flag: (key: string) => boolean | undefined,
  usage: (why: string) => VarveError,
): ImageForm {
  const form: Mutable<ImageForm> = {};
  const oci = flag('oci-mediatypes');
  if (oci !== undefined) form.format = oci ? 'oci' : 'docker';
  const layers = parseLayers(values, usage);
  if (layers) form.layers = layers;
  const force = flag('force-compression');
  if (force !== undefined) form.forceCompression = force;
  const rewrite = flag('rewrite-timestamp');
  if (rewrite !== undefined) form.rewriteTimestamp = rewrite;
  const annotations = [...values].flatMap(([key, value]) => parseKey(key, value, usage));
  if (annotations.length) form.annotations = annotations;
  return form;
}

function parseLayers(values: ReadonlyMap<string, string>, usage: (why: string) => VarveError): ImageForm['layers'] {
  const [given, level] = [values.get('compression'), values.get('compression-level')];
  if (given === undefined && level === undefined) return undefined;
  const name = COMPRESSION_NAMES.find((each) => each === (given ?? 'gzip'));
  if (!name) throw usage(`compression is ${COMPRESSION_NAMES.join(', ')}`);
  if (level !== undefined && !/^(-1|\d{1,2})$/.test(level)) throw usage('compression-level is a whole number');
  return layerForm(name, level === undefined ? undefined : Number(level));
}

/**
 * `annotation.KEY`, `annotation-index.KEY`, `annotation-manifest[linux/arm64].KEY`…
 * @see moby/buildkit exporter/containerimage/exptypes/annotations.go
 */
function parseKey(key: string, value: string, usage: (why: string) => VarveError): Annotation[] {
  if (!key.startsWith('annotation')) return [];
  const match = /^annotation(?:-([a-z-]+))?(\[[^\]]*\])?\.(.+)$/.exec(key);
  if (!match) throw usage(`${JSON.stringify(key)} is not annotation[-LEVEL][[PLATFORM]].KEY`);
  const [, level = 'manifest', platform = '', name] = match;
  return parseAnnotation(`${level}${platform}:${name}=${value}`);
}
