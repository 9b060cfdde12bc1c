import { sandboxSuite } from '../suites/sandbox.ts';
import { sandboxEndingSuite } from '../suites/sandbox-ending.ts';
import { sandboxMountsSuite } from '../suites/sandbox-mounts.ts';
import { sandboxSettingsSuite } from '../suites/sandbox-settings.ts';

sandboxSuite('namespaces');
sandboxMountsSuite('namespaces');
sandboxEndingSuite('namespaces');
sandboxSettingsSuite('namespaces');
