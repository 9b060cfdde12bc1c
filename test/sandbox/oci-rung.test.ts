import { sandboxSuite } from '../suites/sandbox.ts';
import { sandboxEndingSuite } from '../suites/sandbox-ending.ts';
import { sandboxMountsSuite } from '../suites/sandbox-mounts.ts';

sandboxSuite('runc');
sandboxMountsSuite('runc');
sandboxEndingSuite('runc');
