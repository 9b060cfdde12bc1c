import test from 'ava';
import { Command } from 'commander';
import { addOutputFlags, formOf, layersOf, type OutputFlags, outputsOf } from '../../src/cli/output-flags.ts';

function flags(...args: string[]): OutputFlags {
  const command = addOutputFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: 'user' }).opts();
}

const kinds = (...args: string[]) => outputsOf(flags(...args)).map(({ type }) => type);

test('what is said on the command line is one list of outputs', (t) => {
  t.deepEqual(kinds(), []);
  t.deepEqual(kinds('-t', 'a:1'), ['store']);
  t.deepEqual(kinds('-t', 'a:1', '--push'), ['registry']);
  t.deepEqual(kinds('-t', 'a:1', '--push', '-o', 'type=registry'), ['registry']);
  t.deepEqual(kinds('-t', 'a:1', '-o', 'type=cacheonly'), ['cacheonly']);
  t.deepEqual(kinds('--oci-layout-path', 'a', '--tar-path', 'b.tar'), ['oci', 'docker']);
  t.deepEqual(kinds('-t', 'a:1', '--tar-path', 'b.tar', '--no-push'), ['docker']);
  t.deepEqual(kinds('-t', 'a:1', '-o', 'type=registry', '--no-push'), []);
  t.deepEqual(kinds('-o', 'type=image,name=a:1'), ['store']);
});

test('what needs a name and has none is refused', (t) => {
  t.throws(() => kinds('--push'), { code: 'USAGE', message: /--push needs a name/ });
  t.throws(() => kinds('-o', 'type=image'), { code: 'USAGE', message: /needs a name/ });
  t.throws(() => kinds('-t', 'a:1', '--load'), { code: 'USAGE', message: /no daemon/ });
});

test('the form of the command line; the first output that says how layers are compressed decides for the steps', (t) => {
  t.deepEqual(formOf(flags()), {});
  t.deepEqual(formOf(flags('--reproducible', '--image-format', 'docker')), {
    format: 'docker',
    rewriteTimestamp: true,
  });
  const both = flags('--compression', 'zstd', '-o', 'type=oci,dest=a,compression=estargz');
  t.deepEqual(layersOf(outputsOf(both), formOf(both)), { method: 'zstd', level: 3 });
  const one = flags('-o', 'type=local,dest=b', '-o', 'type=oci,dest=a,compression=estargz');
  t.deepEqual(layersOf(outputsOf(one), formOf(one)), { method: 'estargz', level: 6 });
});
