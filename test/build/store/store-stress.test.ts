import test from 'ava';
import { stressStore } from '../support/store-stress.ts';

// All of it: node test/build/store/stress.ts 20
test('builds at once, one of them killed, then builds beside a prune: the others finish, the store is whole, nothing is left', async (t) => {
  t.timeout(300_000);
  await t.notThrowsAsync(stressStore({ rounds: 2, seed: 7, builds: 4, say: (line) => t.log(line) }));
});
