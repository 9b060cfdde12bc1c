import { sandboxSuite } from '../suites/sandbox.ts';

sandboxSuite('runc');
