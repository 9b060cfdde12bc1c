// node test/build/store/stress.ts [ROUNDS] [SEED]: the whole of what test/build/store/store-stress.test.ts does a little of.
import { stressStore } from '../support/store-stress.ts';

const [rounds = '20', seed = String(Date.now() % 100_000)] = process.argv.slice(2);
await stressStore({ rounds: Number(rounds), seed: Number(seed), builds: 8, say: (line) => console.log(line) });
