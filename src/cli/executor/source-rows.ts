import type { FlagRow } from './flag-row.ts';

/** What is built, from which files. */
export const SOURCE_ROWS: readonly FlagRow[] = [
  {
    name: 'context',
    short: 'c',
    type: 'string',
    default: '/workspace/',
    meaning: 'same',
    says: 'what COPY and ADD read from: see Contexts',
  },
  {
    name: 'context-sub-path',
    type: 'string',
    meaning: 'same',
    says: 'a directory in the context that is the context (kaniko ignores it for a plain path; varve does not)',
  },
  {
    name: 'bucket',
    short: 'b',
    type: 'string',
    meaning: 'same',
    says: 'a bucket whose context.tar.gz is the context: gs://BUCKET, or with a scheme of its own',
  },
  {
    name: 'git',
    type: 'pairs',
    meaning: 'same',
    says: 'of a git context: branch=, recurse-submodules=, insecure-skip-tls=; single-branch= and depth= are taken: varve fetches one commit',
  },
  {
    name: 'dockerfile',
    short: 'f',
    type: 'string',
    default: 'Dockerfile',
    meaning: 'same',
    says: 'a path, from the working directory or else in the context; or a URL',
  },
  {
    name: 'build-arg',
    type: 'multi',
    meaning: 'same',
    to: '--build-arg',
    says: 'KEY=VALUE; KEY alone takes the value from the environment',
  },
  {
    name: 'target',
    type: 'list',
    meaning: 'same',
    says: 'the stage to build; of several all are built, and the first one is the image',
  },
  {
    name: 'custom-platform',
    type: 'string',
    meaning: 'same',
    to: '--platform',
    says: 'OS/ARCH[/VARIANT] of the image',
  },
  { name: 'label', type: 'multi', meaning: 'same', to: '--label', says: 'KEY=VALUE, a label of the image' },
  {
    name: 'annotation',
    type: 'pairs',
    meaning: 'same',
    to: '--annotation',
    says: 'KEY=VALUE, an annotation of the manifest',
  },
  {
    name: 'secret',
    type: 'multi',
    meaning: 'same',
    to: '--secret',
    says: 'id=ID,src=FILE or id=ID,env=NAME, for RUN --mount=type=secret; other RUNs cannot read it',
  },
];
