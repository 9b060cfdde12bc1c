import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededRandom } from '../../build/support/random.ts';

/** Two stages on a pulled base, deletions, many files, a cache mount, a secret. */
function dockerfile(base: string): string {
  return `FROM ${base} AS one
ARG ROUND
COPY src /src
RUN --mount=type=cache,target=/cache --mount=type=secret,id=s echo "$ROUND" >> /cache/log; mkdir /many && for i in $(seq 1 40); do echo "$i $ROUND" > /many/$i; done; head -c 300000 /dev/zero > /zeros
FROM ${base} AS two
COPY src/a /a
RUN mkdir /out && cat /a/* > /out/all && rm -rf /a /etc/group
FROM one
COPY --from=two /out /out
WORKDIR /work
RUN cat /out/all /many/* > result && rm -rf /src/b && mkdir /src/b
`;
}

/** Versions of a project that differ in one file and one argument. */
export interface SampleProject {
  readonly context: string;
  readonly secret: string;
  /** Writes what version `i` has; @returns the flags that are the version's own */
  become(i: number): readonly string[];
}

/** @param base name of an image with busybox */
export function sampleProject(path: string, base: string, seed: number): SampleProject {
  const context = join(path, 'context');
  const random = seededRandom(seed);
  const noise = (size: number) => Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
  const write = (name: string, bytes: string | Buffer) => {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), bytes);
  };
  write('Dockerfile', dockerfile(base));
  for (let i = 0; i < 12; i++) {
    write(`src/a/${i}`, noise(500));
    write(`src/b/${i}`, noise(3000));
  }
  write('src/large', noise(1 << 20));
  const secret = join(path, 'secret');
  writeFileSync(secret, `secret of ${seed}`);
  return {
    context,
    secret,
    become(i) {
      write('src/a/version', `version ${i}\n`);
      return ['--build-arg', `ROUND=${i}`, '--secret', `id=s,src=${secret}`];
    },
  };
}
