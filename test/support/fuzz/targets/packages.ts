import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readerOf, readPackageFile } from '../../../../src/attest/file-kinds.ts';
import { listPackages } from '../../../../src/attest/package-list.ts';
import { spdxDocument } from '../../../../src/attest/spdx-document.ts';
import { elfWithGo, goInfo } from '../../go-program.ts';
import { rpmHeader, rpmNdb, rpmSqlite } from '../../rpm-database.ts';
import type { FuzzTarget } from '../fuzz-target.ts';
import { Flaw } from '../try-input.ts';

const TEXTS: readonly (readonly [name: string, path: string, text: string])[] = [
  [
    'dpkg',
    'var/lib/dpkg/status',
    'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u4\nMaintainer: A <a@b>\nDescription: c\n more\n .\n x\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
  ],
  ['copyright', 'usr/share/doc/x/copyright', 'Format: https://x/\n\nFiles: *\nLicense: GPL-2+ or MIT\n text\n'],
  ['apk', 'lib/apk/db/installed', 'C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nm:A <a@b>\nF:lib\nR:ld\n\n'],
  ['os-release', 'etc/os-release', 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="D"\n'],
  [
    'pypi',
    'usr/lib/x-1.dist-info/METADATA',
    'Metadata-Version: 2.1\nName: x\nVersion: 1\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\n\nbody\n',
  ],
  ['yarn', 'app/yarn.lock', '"a@^1", "@s/b@npm:^2":\n  version "1.0.0"\n  resolution: "@s/b@npm:2.0.0"\n'],
  ['pnpm', 'app/pnpm-lock.yaml', "packages:\n  /a@1.0.0(b@2):\n    r: x\n  '@s/b@2.0.0':\n  /c/3.0.0_d@1:\n"],
];

const LOCK = {
  lockfileVersion: 3,
  packages: { '': {}, 'node_modules/a': { version: '1.0.0', license: 'MIT' }, 'node_modules/@s/b': { version: '2' } },
};
const OLD_LOCK = { dependencies: { a: { version: '1', dependencies: { b: { version: '2' } } } } };
const PACKAGE = {
  name: '@s/a',
  version: '1.0.0',
  license: '(MIT OR Apache-2.0)',
  licenses: [{ type: 'ISC' }],
  homepage: 'h',
};

/** Files of an image that say what is installed, as a bill of materials reads them. */
export function packageTargets(): FuzzTarget[] {
  const directory = mkdtempSync(join(tmpdir(), 'varve-fuzz-packages-'));
  const file = join(directory, 'file');
  const headers = ['bash', 'glibc'].map((name) =>
    rpmHeader({ name, version: '5.1', release: '1.el9', license: 'GPL', arch: 'x86_64', epoch: 1 }),
  );
  const made = (path: string) => (bytes: Buffer) => {
    const reader = readerOf(path, { mode: 0o755, size: bytes.length });
    if (reader === undefined || reader === 'too large') return;
    let findings: ReturnType<typeof readPackageFile>;
    if (reader.kind === 'stream') {
      const open = reader.open();
      for (let at = 0; at < bytes.length; at += 40_000) open.push(bytes.subarray(at, at + 40_000));
      findings = open.end();
    } else {
      writeFileSync(file, bytes);
      findings = readPackageFile(path, file);
    }
    const list = listPackages([findings]);
    const document = JSON.stringify(
      spdxDocument(list, { name: 'x', created: '2024-01-01T00:00:00Z', tool: 'varve-1' }),
    );
    if (/[\u0000-\u001f\u007f]/.test(document)) throw new Flaw('control characters in a bill of materials');
    for (const { url } of list.packages) if (!/^pkg:[\w.%~+:@/?=&,-]+$/.test(url)) throw new Flaw(`the URL ${url}`);
    for (const warning of findings.warnings) if (warning.length > 2000) throw new Flaw('a long warning');
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  return [
    ...TEXTS.map(([name, path, text]) => ({
      name: `packages-${name}`,
      samples: [Buffer.from(text)],
      tokens: ['\n', '\n\n', ': ', '\n ', '@', '"', '/', '(', 'AND ', 'WITH ', '%'],
      read: made(path),
    })),
    { name: 'packages-lock', json: true, samples: [json(LOCK), json(OLD_LOCK)], read: made('app/package-lock.json') },
    { name: 'packages-npm', json: true, samples: [json(PACKAGE)], read: made('app/node_modules/@s/a/package.json') },
    { name: 'packages-rpm-sqlite', samples: [rpmSqlite(headers)], read: made('var/lib/rpm/rpmdb.sqlite') },
    {
      name: 'packages-rpm-ndb',
      samples: [rpmNdb(headers)],
      tokens: ['Slot', 'BlbS', 'RpmP', '\xff\xff\xff\xff'],
      read: made('usr/lib/sysimage/rpm/Packages.db'),
    },
    {
      name: 'packages-go',
      samples: [elfWithGo(goInfo('go1.22.1', 'path\tx\nmod\tx/y\tv1.0.0\th1:=\ndep\ta/b\tv2.0.0\n=>\tc\tv3\n'))],
      tokens: ['\xff Go buildinf:', '\x7fELF'],
      read: made('usr/bin/program'),
      [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
    },
  ];
}
