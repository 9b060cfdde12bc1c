import { openStore } from './src/cas/open-store.ts';
import { systemClock } from './src/io/clock.ts';
import { randomBytes } from 'node:crypto';
const s=await openStore('/tmp/m/fuzzbase',{log:{warn:console.log,debug(){}},clock:systemClock});
for(let f=0;f<3000;f+=500)await s.catalog.write(Array.from({length:500},(_,i)=>{const v=randomBytes(1500);v.writeUInt32LE(f+i);return{type:'put' as const,space:'tree' as const,key:String(f+i).padStart(6,'0'),value:v}}));
await s.close();
