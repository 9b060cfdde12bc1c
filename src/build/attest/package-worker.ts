import { parentPort } from 'node:worker_threads';
import { readPackageFile } from '../../attest/file-kinds.ts';
import type { FileFindings } from '../../attest/found-package.ts';
import type { BytePath } from '../../io/byte-path.ts';

/** A file of an image and where its bytes were written to. */
export interface PackageRequest {
  readonly foundIn: BytePath;
  readonly file: string;
}

export type PackageReply =
  | { readonly kind: 'done'; readonly findings: FileFindings }
  | { readonly kind: 'failed'; readonly message: string };

function answer({ foundIn, file }: PackageRequest): PackageReply {
  try {
    return { kind: 'done', findings: readPackageFile(foundIn, file) };
  } catch (error) {
    return { kind: 'failed', message: (error as Error).message };
  }
}

parentPort?.on('message', (request: PackageRequest) => parentPort?.postMessage(answer(request)));
