import type { Descriptor } from '../oci/descriptor.ts';
import type { RepositoryName } from './registry-client.ts';

/** Told of every blob whose bytes go to or come from a registry. */
export interface TransferWatch {
  begin(
    direction: 'receive' | 'send',
    repository: RepositoryName,
    blob: Pick<Descriptor, 'digest' | 'size'>,
  ): WatchedTransfer;
}

/** One blob on its way. */
export interface WatchedTransfer {
  /** How many of its bytes have gone; fewer than before when some are sent again. */
  at(bytes: number): void;
  end(isWhole: boolean): void;
}

export const noTransferWatch: TransferWatch = { begin: () => ({ at: () => {}, end: () => {} }) };
