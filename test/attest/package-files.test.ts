import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../scripts/temporary-directory.ts';
import { readerOf, readPackageFile } from '../../src/attest/file-kinds.ts';
import type { FileFindings } from '../../src/attest/found-package.ts';
import { listPackages } from '../../src/attest/package-list.ts';
import { elfWithGo, goInfo } from '../support/go-program.ts';
import { notRun } from '../support/not-run.ts';
import { rpmHeader, rpmNdb, rpmSqlite } from '../support/rpm-database.ts';

/** What a file at this path says, its bytes pushed in pieces. */
function findings(path: string, content: string | Buffer, { mode = 0o644, piece = 1000 } = {}): FileFindings {
  const bytes = Buffer.from(content);
  const reader = readerOf(path, { mode, size: bytes.length });
  if (typeof reader !== 'object') throw new Error(`${path}: ${reader}`);
  if (reader.kind === 'file') {
    using temp = temporaryDirectory('varve-packages');
    const file = join(temp.path, 'file');
    writeFileSync(file, bytes);
    return readPackageFile(path, file);
  }
  const open = reader.open();
  for (let at = 0; at < bytes.length; at += piece) open.push(bytes.subarray(at, at + piece));
  return open.end();
}

const urls = (...found: FileFindings[]): string[] => listPackages(found).packages.map(({ url }) => url);

const OS = findings('usr/lib/os-release', 'NAME="X"\nID=debian\nVERSION_ID="12"\n');

test('dpkg: what is installed, with its source package, its distribution and its licences', (t) => {
  const status = [
    'Package: libc6',
    'Status: install ok installed',
    'Maintainer: A <a@b.example>',
    'Architecture: amd64',
    'Source: glibc',
    'Version: 2.36-9+deb12u4',
    'Description: x',
    ' Version: 9',
    '',
    'Package: gone',
    'Status: deinstall ok config-files',
    'Version: 1',
    '',
  ].join('\n');
  const copyright = 'Format: https://x/\n\nFiles: *\nLicense: GPL-2+ or Expat\n text\n\nLicense: GPL-2+\n text\n';
  const found = [
    OS,
    findings('var/lib/dpkg/status', status),
    findings('usr/share/doc/libc6/copyright', copyright),
    findings('var/lib/dpkg/status.d/base-files', 'Package: base-files\nVersion: 12\nArchitecture: all\n'),
  ];
  t.deepEqual(urls(...found), [
    'pkg:deb/debian/base-files@12?arch=all&distro=debian-12',
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc',
  ]);
  t.deepEqual(listPackages(found).packages[1]!.licenses, ['GPL-2+ or Expat']);
  t.is(readerOf('var/lib/dpkg/status.d/base.md5sums', { mode: 0o644, size: 1 }), undefined);
});

test('apk: names that differ in case only are different', (t) => {
  const installed =
    'C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\np:so:libc\nF:lib\nR:libc.so\n\nP:zlib\nV:1.3\nA:x\n';
  const os = findings('etc/os-release', "ID=alpine\nVERSION_ID='3.19.1'\n");
  t.deepEqual(urls(os, findings('lib/apk/db/installed', installed)), [
    'pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1',
    'pkg:apk/alpine/zlib@1.3?arch=x&distro=alpine-3.19.1',
  ]);
});

test('rpm: sqlite and ndb; a damaged or hostile database is told of and ends', (t) => {
  const header = rpmHeader({
    name: 'bash',
    version: '5.2',
    release: '1.fc39',
    epoch: 1,
    arch: 'x86_64',
    license: 'GPLv3+',
  });
  const key = rpmHeader({ name: 'gpg-pubkey', version: '1', release: '1' });
  const expected = ['pkg:rpm/rpm/bash@5.2-1.fc39?arch=x86_64&epoch=1'];
  const sqlite = rpmSqlite([header, key]);
  t.deepEqual(urls(findings('var/lib/rpm/rpmdb.sqlite', sqlite)), expected);
  t.deepEqual(urls(findings('usr/lib/sysimage/rpm/Packages.db', rpmNdb([header, key]))), expected);

  const view = rpmSqlite(
    [],
    'CREATE VIEW Packages AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS blob FROM n',
  );
  t.regex(findings('var/lib/rpm/rpmdb.sqlite', view).warnings[0] ?? '', /no table Packages/);
  for (let at = 0; at < sqlite.length; at += 97) {
    const damaged = Buffer.from(sqlite);
    damaged.fill(0xff, at, at + 8);
    t.notThrows(() => findings('var/lib/rpm/rpmdb.sqlite', damaged));
  }
  const ndb = rpmNdb([header]);
  for (let at = 0; at < ndb.length; at += 61) {
    const damaged = Buffer.from(ndb);
    damaged.fill(0xff, at, at + 4);
    t.notThrows(() => findings('var/lib/rpm/Packages.db', damaged));
  }
  for (const cut of [0, 7, 100]) t.notThrows(() => findings('var/lib/rpm/Packages.db', ndb.subarray(0, cut)));
  t.regex(findings('var/lib/rpm/Packages', Buffer.alloc(10)).warnings[0] ?? '', /Berkeley DB/);
});

test('npm: installed packages and lock files of every tool', (t) => {
  const json = (value: unknown): string => JSON.stringify(value);
  t.deepEqual(urls(findings('app/node_modules/@a/b/package.json', json({ name: '@a/b', version: '1.0.0' }))), [
    'pkg:npm/%40a/b@1.0.0',
  ]);
  const lock3 = {
    packages: {
      '': { version: '9' },
      'node_modules/x': { version: '1.1.1', license: 'MIT' },
      'node_modules/y/node_modules/@s/z': { version: '2.0.0' },
    },
  };
  const lock1 = { dependencies: { x: { version: '1.1.1', dependencies: { '@s/z': { version: '2.0.0' } } } } };
  const yarn =
    '# yarn lockfile v1\n\n"@s/z@^2.0.0":\n  version "2.0.0"\n\nx@^1.0.0, x@~1.1:\n  version "1.1.1"\n  resolved "u"\n';
  const berry =
    '"@s/z@npm:^2.0.0":\n  version: 2.0.0\n  resolution: "@s/z@npm:2.0.0"\n\n"x@npm:^1":\n  version: 1.1.1\n  resolution: "x@npm:1.1.1"\n';
  const pnpm6 =
    'lockfileVersion: 5.4\n\npackages:\n\n  /@s/z/2.0.0:\n    resolution: {}\n\n  /x/1.1.1_peer@3:\n    dev: false\n';
  const pnpm9 =
    "lockfileVersion: '9.0'\n\npackages:\n\n  '@s/z@2.0.0':\n    resolution: {}\n\n  x@1.1.1(peer@3):\n    dev: false\n\nsnapshots:\n\n  q@1.0.0: {}\n";
  const expected = ['pkg:npm/%40s/z@2.0.0', 'pkg:npm/x@1.1.1'];
  for (const [name, text] of [
    ['package-lock.json', json(lock3)],
    ['npm-shrinkwrap.json', json(lock1)],
    ['yarn.lock', yarn],
    ['a/yarn.lock', berry],
    ['pnpm-lock.yaml', pnpm6],
    ['a/pnpm-lock.yaml', pnpm9],
  ] as const)
    t.deepEqual(urls(findings(name, text)), expected, name);
  t.deepEqual(urls(findings('node_modules/x/package.json', '{"name": 5')), []);
  t.deepEqual(urls(findings('node_modules/x/package.json', json({ name: 'a\nb', version: 'x'.repeat(9000) }))), []);
  const deep = `{"dependencies":${'{"a":{"dependencies":'.repeat(3000)}{}${'}}'.repeat(3000)}}`;
  t.notThrows(() => findings('package-lock.json', deep));
});

test('PyPI: metadata of wheels and eggs, the licence by its best name', (t) => {
  const metadata =
    'Metadata-Version: 2.1\nName: Flask_X\nVersion: 3.0\nLicense: UNKNOWN\nClassifier: A\nClassifier: License :: OSI Approved :: BSD License\n\nName: body\n';
  const found = findings('usr/lib/python3/site-packages/Flask_X-3.0.dist-info/METADATA', metadata);
  t.deepEqual(urls(found), ['pkg:pypi/flask-x@3.0']);
  t.deepEqual(found.packages[0]!.licenses, ['BSD License']);
  t.deepEqual(urls(findings('a/y.egg-info/PKG-INFO', 'Name: y\nVersion: 1\n')), ['pkg:pypi/y@1']);
});

test('Go: modules out of a program, however it is cut, with what was replaced', (t) => {
  const info =
    'path\ta.example/cmd\nmod\ta.example\t(devel)\t\ndep\tb.example/x\tv1.2.3\th1:x=\ndep\tc.example\tv1.0.0\n=>\td.example\tv2.0.0\th1:y=\n';
  const program = elfWithGo(goInfo('go1.22.1', info));
  const expected = [
    'pkg:golang/a.example@%28devel%29',
    'pkg:golang/b.example/x@v1.2.3',
    'pkg:golang/d.example@v2.0.0',
    'pkg:golang/stdlib@1.22.1',
  ];
  for (const piece of [7, 1000, 1_000_000])
    t.deepEqual(urls(findings('usr/bin/x', program, { mode: 0o755, piece })), expected, `${piece}`);
  t.is(readerOf('usr/bin/x', { mode: 0o644, size: program.length }), undefined);
  const old = elfWithGo(Buffer.concat([Buffer.from('\xff Go buildinf:\x08\0', 'latin1'), Buffer.alloc(64)]));
  t.regex(findings('usr/bin/x', old, { mode: 0o755 }).warnings[0] ?? '', /Go before 1\.18/);
  // A length without end, and one larger than the file.
  for (const bytes of [Buffer.alloc(200, 0xff), Buffer.from([0xff, 0xff, 0xff, 0x7f])]) {
    const start = Buffer.concat([goInfo('', '').subarray(0, 32), bytes]);
    t.deepEqual(urls(findings('usr/bin/x', elfWithGo(start), { mode: 0o755 })), []);
  }
});

for (const program of ['/usr/bin/docker-registry', '/usr/sbin/runc']) {
  test(`Go: ${program} of Debian`, (t) => {
    if (!existsSync(program)) {
      notRun(t, 'it is not installed');
      return;
    }
    const found = findings(program.slice(1), readFileSync(program), { mode: 0o755, piece: 64 * 1024 });
    t.regex(urls(found).at(-1) ?? '', /^pkg:golang\/stdlib@1\.\d+/);
  });
}

test('a file that is too large is not read', (t) => {
  t.is(readerOf('var/lib/dpkg/status', { mode: 0o644, size: 2 ** 40 }), 'too large');
});
