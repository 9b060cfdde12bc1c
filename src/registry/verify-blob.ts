import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { VarveError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';

/** Passes bytes on, and fails at the end when they are not the blob. `what` begins the message. @throws `BLOB_MISMATCH` */
export function verifyBlob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>, what: string): Transform {
  const hash = createHash('sha256');
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > size) return done(new VarveError('BLOB_MISMATCH', `${what}: ${digest} is longer than ${size} bytes`));
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const actual = `sha256:${hash.digest('hex')}`;
      if (seen === size && actual === digest) return done();
      done(
        new VarveError(
          'BLOB_MISMATCH',
          `${what}: ${digest} of ${size} bytes was expected, ${actual} of ${seen} was found`,
        ),
      );
    },
  });
}
