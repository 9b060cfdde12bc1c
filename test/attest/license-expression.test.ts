import test from 'ava';
import { licenseExpression } from '../../src/attest/license-expression.ts';

test('licences become SPDX expressions; what SPDX has no name for is referred to', (t) => {
  const expression = (...texts: string[]) => licenseExpression(texts)?.expression;
  t.is(expression(), undefined);
  t.is(expression('MIT'), 'MIT');
  t.is(expression('MIT OR Apache-2.0'), 'MIT OR Apache-2.0');
  t.is(expression('GPL-2+ or Expat'), 'GPL-2.0-or-later OR MIT');
  t.is(expression('GPLv2+ and LGPLv2'), 'GPL-2.0-or-later AND LGPL-2.0-only');
  t.is(expression('bsd-3-clause', 'MIT OR ISC', 'MIT OR ISC'), 'BSD-3-Clause AND (MIT OR ISC)');
  const own = licenseExpression(['public-domain', 'as is, really']);
  t.regex(own?.expression ?? '', /^LicenseRef-as-is-really-[0-9a-f]{8} AND LicenseRef-public-domain$/);
  t.deepEqual([...(own?.references.values() ?? [])].sort(), ['as is, really', 'public-domain']);
  t.regex(expression('('.repeat(100_000)) ?? '', /^LicenseRef-/);
});
