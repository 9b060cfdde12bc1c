import { createHash } from 'node:crypto';
import test from 'ava';
import { chainId } from '../../src/oci/chain-id.ts';
import { digestOf } from '../../src/oci/digest.ts';

test("the specification's recursion", (t) => {
  const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
  const hash = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  t.is(chainId([]), undefined);
  t.is(chainId([a]), a);
  t.is<string | undefined, string>(chainId([a, b]), hash(`${a} ${b}`));
  t.is<string | undefined, string>(chainId([a, b, c]), hash(`${hash(`${a} ${b}`)} ${c}`));
  t.not(chainId([a, b]), chainId([b, a]));
});
