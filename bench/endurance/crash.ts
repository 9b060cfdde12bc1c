// node bench/endurance/crash.ts [--kills N] [--seed S]: kills varve N times (docs/promises.md).
import { parseArgs } from 'node:util';
import { crashRounds } from '../../test/support/endurance/crash-rounds.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const totals = await crashRounds({
  kills: Number(values.kills),
  seed: Number(values.seed),
  say: (line) => process.stdout.write(`${line}\n`),
});
for (const [label, count] of [...totals.kills].sort()) console.log(`${label}: ${count} kills`);
console.log(
  `${values.kills} kills survived (seed ${values.seed}), ${totals.unharmed} varves ended before theirs; ` +
    `${totals.builds} builds after them gave the right image; ${totals.tags} tags followed, ${totals.blobs} blobs read`,
);
