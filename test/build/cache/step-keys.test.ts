import test from 'ava';
import { type Situation, stepKeys } from '../support/step-keys.ts';

type Edit = Partial<Situation> | [from: string | RegExp, to: string];

const RUN: Situation = {
  dockerfile: `FROM base
ARG A
ARG B=2
ENV C=3
USER app
WORKDIR /w
SHELL ["/bin/sh", "-c"]
RUN --mount=type=bind,source=in,target=/in --mount=type=cache,target=/c,id=c --mount=type=secret,id=s,target=/s make
LABEL l=1
CMD ["x"]
`,
  files: { 'in/file': 'content', other: 'other' },
  args: [
    ['A', '1'],
    ['B', '3'],
  ],
};

const COPY: Situation = {
  dockerfile: `FROM base
ENV E=1
COPY --chown=1:2 dir/ single /dest/
`,
  files: { 'dir/a': 'a', 'dir/sub/b': 'b', single: 'single', other: 'other' },
};

const HEREDOC: Situation = { dockerfile: 'FROM base\nARG X=1\nCOPY <<EOF /file\ntext $X\nEOF\n' };
const ADD: Situation = { dockerfile: 'FROM base\nADD a /x/\n', files: { a: 'a' } };
const WORKDIR: Situation = { dockerfile: 'FROM base\nUSER app\nENV D=dir\nWORKDIR /a/$D\n' };
const STAGES: Situation = {
  dockerfile: `FROM base AS build
COPY a /out/
FROM base AS other
COPY b /other/
FROM base
COPY --from=build /out/a /bin/
RUN --mount=type=bind,from=build,target=/in true
`,
  files: { a: 'a', b: 'b' },
};

function edited(situation: Situation, edit: Edit): Situation {
  if (!Array.isArray(edit)) return { ...situation, ...edit };
  const dockerfile = situation.dockerfile.replace(edit[0], edit[1]);
  if (dockerfile === situation.dockerfile) throw new Error(`nothing to edit: ${edit[0]}`);
  return { ...situation, dockerfile };
}

function rows(
  name: string,
  situation: Situation,
  table: Readonly<Record<'other' | 'same', Record<string, Edit>>>,
): void {
  for (const verdict of ['other', 'same'] as const) {
    for (const [what, edit] of Object.entries(table[verdict])) {
      test(`${name}: ${what}: ${verdict} key`, async (t) => {
        const [before, after] = [await stepKeys(situation), await stepKeys(edited(situation, edit))];
        if (verdict === 'same') t.is(after.at(-1), before.at(-1));
        else t.not(after.at(-1), before.at(-1));
      });
    }
  }
}

rows('RUN', RUN, {
  other: {
    command: [' make\n', ' make all\n'],
    'exec form': [' make\n', ' ["make"]\n'],
    shell: ['"/bin/sh"', '"/bin/bash"'],
    'declared ARG': { args: [['A', 'other']] },
    'ARG default': ['ARG A', 'ARG A=7\nARG D=8'],
    ENV: ['C=3', 'C=4'],
    'ENV added': ['C=3', 'C=3 D=4'],
    user: ['USER app', 'USER root'],
    'working directory': ['WORKDIR /w', 'WORKDIR /v'],
    network: ['RUN ', 'RUN --network=none '],
    'bind mount target': ['target=/in', 'target=/in2'],
    'bind mount source': ['source=in,', 'source=other,'],
    'bind mount writable': ['target=/in', 'target=/in,rw'],
    'bind mount content': { files: { 'in/file': 'changed', other: 'other' } },
    'bind mount file name': { files: { 'in/renamed': 'content', other: 'other' } },
    'bind mount file mode': { files: { 'in/file': ['content', 0o755], other: 'other' } },
    'bind mount file added': { files: { 'in/file': 'content', 'in/more': '', other: 'other' } },
    'cache mount target': ['target=/c,', 'target=/d,'],
    'secret mount id': ['id=s,', 'id=t,'],
    'secret mount target': ['target=/s ', 'target=/t '],
    'mount added': ['RUN ', 'RUN --mount=type=tmpfs,target=/t '],
    platform: { platform: 'linux/arm64' },
    'base image layers': { base: 'another' },
    "base image's environment": { baseConfig: { Env: ['X=1'] } },
    'step before': ['USER app', 'RUN before\nUSER app'],
  },
  same: {
    'order of --build-arg': {
      args: [
        ['B', '3'],
        ['A', '1'],
      ],
    },
    'undeclared --build-arg': {
      args: [
        ['A', '1'],
        ['B', '3'],
        ['UNKNOWN', 'x'],
      ],
    },
    proxies: {
      args: [
        ['A', '1'],
        ['B', '3'],
        ['HTTP_PROXY', 'http://proxy'],
        ['no_proxy', 'localhost'],
      ],
    },
    comment: ['RUN ', '# a comment\nRUN '],
    'comment at the end': ['LABEL', '# a comment\nLABEL'],
    'case of the instruction': ['RUN ', 'run '],
    'default shell named': ['SHELL ["/bin/sh", "-c"]\n', ''],
    'default network named': ['RUN ', 'RUN --network=default '],
    'LABEL before': ['USER app', 'LABEL x=y\nUSER app'],
    'LABEL after': ['l=1', 'l=2'],
    'CMD after': ['["x"]', '["y"]'],
    'CMD before': ['USER app', 'CMD ["z"]\nUSER app'],
    ENTRYPOINT: ['USER app', 'ENTRYPOINT ["z"]\nUSER app'],
    EXPOSE: ['USER app', 'EXPOSE 80\nUSER app'],
    VOLUME: ['USER app', 'VOLUME /data\nUSER app'],
    HEALTHCHECK: ['USER app', 'HEALTHCHECK CMD true\nUSER app'],
    STOPSIGNAL: ['USER app', 'STOPSIGNAL 9\nUSER app'],
    ONBUILD: ['USER app', 'ONBUILD RUN x\nUSER app'],
    MAINTAINER: ['USER app', 'MAINTAINER me\nUSER app'],
    'USER set twice': ['USER app', 'USER other\nUSER app'],
    'ENV set twice': ['C=3', 'C=9\nENV C=3'],
    'ARG with the value of its default': {
      dockerfile: RUN.dockerfile.replace('B=2', 'B=3'),
      args: [['A', '1']],
    },
    'a file that no step takes': { files: { 'in/file': 'content', other: 'other', new: 'new' } },
    "the base image's labels": { baseConfig: { Labels: { a: 'b' } } },
    'name of the base image': ['FROM base', 'FROM registry.example/base:1'],
    'cache mount id': ['id=c ', 'id=d '],
    'cache mount sharing named': ['id=c ', 'id=c,sharing=shared '],
    'ENV after': ['LABEL l=1', 'ENV LATER=1'],
    'stage before': ['FROM base', 'FROM base AS unused\nRUN x\nFROM base'],
    'name of the stage': ['FROM base', 'FROM base AS final'],
  },
});

rows('COPY', COPY, {
  other: {
    'file content': { files: { ...COPY.files, 'dir/a': 'changed' } },
    'content below': { files: { ...COPY.files, 'dir/sub/b': 'changed' } },
    'file renamed': { files: { 'dir/c': 'a', 'dir/sub/b': 'b', single: 'single', other: 'other' } },
    'file added': { files: { ...COPY.files, 'dir/new': '' } },
    'file gone': { files: { 'dir/sub/b': 'b', single: 'single', other: 'other' } },
    'file mode': { files: { ...COPY.files, 'dir/a': ['a', 0o755] } },
    destination: ['/dest/', '/dest2/'],
    owner: ['1:2', '1:3'],
    'no owner': ['--chown=1:2 ', ''],
    'mode option': ['COPY ', 'COPY --chmod=600 '],
    link: ['COPY ', 'COPY --link '],
    exclude: ['COPY ', 'COPY --exclude=a '],
    'source word': ['single ', 'other '],
    'order of sources': ['dir/ single', 'single dir/'],
    parents: ['COPY ', 'COPY --parents '],
    platform: { platform: 'linux/arm64' },
    base: { base: 'another' },
  },
  same: {
    'another file': { files: { ...COPY.files, other: 'changed' } },
    ENV: ['E=1', 'E=2'],
    'ENV that the destination uses': ['/dest/', '/de$' + '{X:-st}/'],
    USER: ['ENV E=1', 'USER app'],
    ARG: ['ENV E=1', 'ARG E=1'],
    SHELL: ['ENV E=1', 'SHELL ["/bin/bash"]'],
    'the way the destination is written': ['/dest/', '/x/..//dest/.'],
    'a blank more': ['single /dest', 'single   /dest'],
    'a continued line': ['single /dest', 'single \\\n  /dest'],
  },
});

rows('COPY of text', HEREDOC, {
  other: {
    text: ['text', 'words'],
    'expanded text': ['X=1', 'X=2'],
    'no expansion': ['<<EOF', "<<'EOF'"],
    'name, which its file has': [/EOF/g as RegExp, 'END'],
  },
  same: { 'unused ARG': ['ARG X=1', 'ARG Y=4\nARG X=1'] },
});

rows('ADD', ADD, {
  other: {
    content: { files: { a: 'b' } },
    'COPY instead': ['ADD', 'COPY'],
    'unpack=false': ['ADD', 'ADD --unpack=false'],
  },
  same: { label: ['ADD', 'LABEL a=b\nADD'] },
});

rows('WORKDIR', WORKDIR, {
  other: { path: ['/a/', '/b/'], variable: ['D=dir', 'D=other'], owner: ['USER app', 'USER other'] },
  same: {
    'written otherwise': ['/a/', '/a/./'],
    'label before': ['WORKDIR', 'LABEL a=b\nWORKDIR'],
    'another variable': ['ENV D', 'ENV F=1\nENV D'],
  },
});

rows('a step that reads a stage', STAGES, {
  other: { 'its source': { files: { a: 'changed', b: 'b' } }, 'its steps': ['/out/', '/./out/../out2/'] },
  same: {
    'another stage': { files: { a: 'a', b: 'changed' } },
    'place of the stage': ['FROM base AS build', 'FROM base AS first\nRUN x\nFROM base AS build'],
    'name of the stage': [/build/g as RegExp, 'builder'],
    'label in the stage': ['COPY a', 'LABEL a=b\nCOPY a'],
  },
});

test('the order of ENV does not change what COPY to an absolute path depends on, and a relative path follows WORKDIR', async (t) => {
  const absolute = (workdir: string) =>
    stepKeys({ dockerfile: `FROM scratch\nCOPY a /x\nWORKDIR ${workdir}\n`, files: { a: '' } });
  t.is((await absolute('/a'))[0], (await absolute('/b'))[0]);
  const image = (workdir: string) => ({
    dockerfile: 'FROM base\nCOPY a x\n',
    files: { a: '' },
    baseConfig: { WorkingDir: workdir },
  });
  t.not((await stepKeys(image('/a')))[0], (await stepKeys(image('/b')))[0]);
  const fixed = (workdir: string) => ({ ...image(workdir), dockerfile: 'FROM base\nCOPY a /a/x\n' });
  t.is((await stepKeys(fixed('/a')))[0], (await stepKeys(fixed('/b')))[0]);
  t.is((await stepKeys(image('/a')))[0], (await stepKeys(fixed('/b')))[0]);
});
