import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { VarveError } from '../errors.ts';

/** Signs records, and knows its own signatures. */
export interface RecordSigner {
  /** Tells one key from another; says nothing of a secret one. */
  readonly id: string;
  /** Absent for a public key. */
  sign?(text: string): string;
  verify(text: string, signature: string): boolean;
}

/** Shorter secrets can be guessed: 128 bits, as RFC 2104 asks for at least the strength of the hash's half. */
const LEAST_SECRET_BYTES = 16;

/**
 * A signer from a key file: PEM with an Ed25519 or ECDSA key (a private one signs, a public one verifies only), or else
 * a secret for HMAC-SHA256; one newline at its end doesn't count.
 * @throws VarveError `CACHE_KEY`
 */
export function createRecordSigner(file: Buffer): RecordSigner {
  const text = file.toString('latin1');
  if (text.includes('-----BEGIN ')) return keyPairSigner(text);
  const secret = Buffer.from(text.replace(/\r?\n$/, ''), 'latin1');
  if (secret.length < LEAST_SECRET_BYTES) {
    throw refused(`it has ${secret.length} bytes`, `a secret has at least ${LEAST_SECRET_BYTES}: openssl rand -hex 32`);
  }
  const mac = (message: string): Buffer => createHmac('sha256', secret).update(message).digest();
  return {
    id: `hmac-sha256:${mac('varve record key').toString('hex').slice(0, 16)}`,
    sign: (message) => `hmac-sha256:${mac(message).toString('hex')}`,
    verify(message, signature) {
      const expected = Buffer.from(`hmac-sha256:${mac(message).toString('hex')}`);
      const given = Buffer.from(signature);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

function keyPairSigner(pem: string): RecordSigner {
  const isPrivate = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem);
  let key: KeyObject;
  let publicKey: KeyObject;
  try {
    key = isPrivate ? createPrivateKey(pem) : createPublicKey(pem);
    publicKey = isPrivate ? createPublicKey(pem) : key;
  } catch (error) {
    throw refused(
      `it cannot be read: ${(error as Error).message}`,
      'a key without a password, in PEM: openssl genpkey -algorithm ed25519',
    );
  }
  const type = key.asymmetricKeyType;
  if (type !== 'ed25519' && type !== 'ec') {
    throw refused(`it is a key of type ${type}`, 'Ed25519 and ECDSA keys are supported, and secrets for HMAC-SHA256');
  }
  const algorithm = type === 'ec' ? 'sha256' : null;
  const prefix = type === 'ec' ? 'ecdsa-sha256:' : 'ed25519:';
  return {
    id: `${prefix}${hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16)}`,
    ...(isPrivate
      ? { sign: (message: string) => prefix + sign(algorithm, Buffer.from(message), key).toString('base64') }
      : {}),
    verify(message, signature) {
      if (!signature.startsWith(prefix)) return false;
      const given = Buffer.from(signature.slice(prefix.length), 'base64');
      return verify(algorithm, Buffer.from(message), publicKey, given);
    },
  };
}

function refused(why: string, hint: string): VarveError {
  return new VarveError('CACHE_KEY', `the cache key cannot be used: ${why}`, { hint, exitCode: 2 });
}
