import test from 'ava';
import {
  type Annotation,
  checkAnnotations,
  imageAnnotations,
  indexAnnotations,
  parseAnnotation,
  uselessAnnotations,
} from '../../../src/build/images/annotations.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';

const arm64 = parsePlatform('linux/arm64');
const amd64 = parsePlatform('linux/amd64');

const READ: readonly (readonly [text: string, expected: readonly Annotation[]])[] = [
  ['a=b', [{ level: 'manifest', key: 'a', value: 'b' }]],
  ['a=', [{ level: 'manifest', key: 'a', value: '' }]],
  ['a=b=c:d', [{ level: 'manifest', key: 'a', value: 'b=c:d' }]],
  ['index:org.x.y=1', [{ level: 'index', key: 'org.x.y', value: '1' }]],
  [
    'manifest-descriptor[linux/arm64/v8]:a=b',
    [{ level: 'manifest-descriptor', platform: arm64, key: 'a', value: 'b' }],
  ],
  [
    'index,manifest[linux/arm64]:a=b',
    [
      { level: 'index', key: 'a', value: 'b' },
      { level: 'manifest', platform: arm64, key: 'a', value: 'b' },
    ],
  ],
];
for (const [text, expected] of READ)
  test(`--annotation ${text}`, (t) => t.deepEqual(parseAnnotation(text), [...expected]));

for (const text of ['a', '=b', 'index:=b', 'layer:a=b', 'manifest[linux]:a=b', 'index[linux/arm64]:a=b', ':a=b'])
  test(`--annotation ${text} is refused`, (t) => void t.throws(() => parseAnnotation(text), { name: 'VarveError' }));

test('each level gets its own, and a platform its own over those for all', (t) => {
  const annotations = [
    'manifest[linux/arm64]:a=arm',
    'a=all',
    'manifest-descriptor:b=1',
    'index:c=2',
    'index-descriptor:d=3',
  ];
  const parsed = annotations.flatMap(parseAnnotation);
  t.deepEqual(imageAnnotations(parsed, arm64), { manifest: { a: 'arm' }, descriptor: { b: '1' } });
  t.deepEqual(imageAnnotations(parsed, amd64), { manifest: { a: 'all' }, descriptor: { b: '1' } });
  t.deepEqual(indexAnnotations(parsed), { index: { c: '2' }, descriptor: { d: '3' } });
});

test('an annotation that would land nowhere is refused', (t) => {
  const check = (text: string, isIndex: boolean) => checkAnnotations(parseAnnotation(text), [amd64], isIndex);
  t.throws(() => check('index:a=b', false), { message: /index:a: index annotations are not supported for a single/ });
  t.throws(() => check('manifest[linux/arm64]:a=b', true), { message: /platforms of this build are linux\/amd64/ });
  t.notThrows(() => check('index:a=b', true));
  t.notThrows(() => check('manifest[linux/amd64]:a=b', false));
});

test('annotations whose outputs have no manifest are named', (t) => {
  const annotations = ['a=b', 'index:a=c', 'd=e'].flatMap(parseAnnotation);
  const types = (...names: ('tar' | 'local' | 'oci' | 'cacheonly')[]) => names.map((type) => ({ type }));
  t.is(
    uselessAnnotations(annotations, types('tar', 'local', 'tar')),
    '--annotation a, d has no effect: an output of type=tar and type=local has no manifest',
  );
  t.regex(uselessAnnotations(annotations, types('cacheonly')) ?? '', /type=cacheonly/);
  t.is(uselessAnnotations(annotations, types('tar', 'oci')), undefined);
  t.is(uselessAnnotations(annotations, []), undefined);
  t.is(uselessAnnotations([], types('tar')), undefined);
});
