import { VarveError } from '../errors.ts';

/** Node's and undici's codes for a connection that broke or fell silent: the same request may work next time. */
const BROKEN = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
]);

const TLS = /^(ERR_SSL|ERR_TLS|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** Whether the connection broke, rather than that something was refused or wrong. */
export function isBrokenConnection(error: unknown): boolean {
  if (error instanceof VarveError) return error.code === 'REGISTRY_CONNECTION' && isBrokenConnection(error.cause);
  const code = codeOf(error);
  return code !== undefined && BROKEN.has(code);
}

export function isTlsFailure(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && TLS.test(code);
}

/** The other side answered a TLS greeting with something else, such as HTTP. */
export function speaksNoTls(error: unknown): boolean {
  return /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|^EPROTO$/.test(codeOf(error) ?? '');
}

/** A failure below HTTP as a VarveError; an abort and what is a VarveError already stay as they are. */
export function connectionError(error: unknown, what: string, registry: string, signal?: AbortSignal): unknown {
  if (error instanceof VarveError) return error;
  if (signal?.aborted) return signal.reason;
  if (error instanceof Error && error.name === 'HTTPParserError')
    return new VarveError('REGISTRY_PROTOCOL', `${what}: ${registry} does not speak HTTP: ${error.message}`, {
      cause: error,
    });
  const code = codeOf(error);
  if (code === undefined) return error;
  const message = error instanceof Error && error.message ? error.message : code;
  if (isTlsFailure(error)) {
    return new VarveError('REGISTRY_TLS', `${what}: no safe connection to ${registry}: ${message}`, {
      cause: error,
      hint: `--registry-certificate ${registry}=FILE names an authority to trust, --registry-client-cert a certificate of yours; --skip-tls-verify-registry ${registry} gives up the check`,
    });
  }
  return new VarveError('REGISTRY_CONNECTION', `${what}: no connection to ${registry}: ${message}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
