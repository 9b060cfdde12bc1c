import type { RecordSigner } from '../../../registry/record-signer.ts';
import type { CachePlace } from '../../cache/cache-options.ts';

/** Where cache mounts outlive their store. */
export interface SavedMountsOptions {
  readonly place: CachePlace;
  /** Under what they are saved, and what is restored where that has nothing. */
  readonly branch: string;
  readonly defaultBranch: string;
  readonly isWritten: boolean;
  /** Bytes of its files with which a mount begins anew. */
  readonly limitBytes: number;
  /** A record that is older is none. */
  readonly ttlMs?: number;
  /** Records that it did not sign are none. */
  readonly signer?: RecordSigner;
}
