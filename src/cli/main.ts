import { varve } from './varve.ts';

await varve();
