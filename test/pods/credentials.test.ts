import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeBusyboxRoot, packRoot } from '../../scripts/busybox-base.ts';
import { findTool } from '../../src/sandbox/find-tool.ts';
import { cannotRun, TOOL_PATH } from '../sandbox/support/sandbox-bench.ts';
import { notRun } from '../support/not-run.ts';
import { PODS } from './support/pod-rows.ts';
import { makePod } from './support/run-in-pod.ts';

/** chroot, namespaces as root with /proc of the pod, oci, namespaces as uid 1000. */
const ROWS = ['A', 'B', 'C', 'K'];
/** What is only in the pod, never in the Dockerfile: a value with this in a RUN's output or in the image is a leak. */
const MARK = 'k9Zq';
/** Prints all that it can read of its own files and of any process; what must not be possible at all begins with `leak: `. */
const SEARCH = `
echo "<$1>"
env
for p in /proc/[0-9]*; do
  cat $p/environ $p/cmdline | tr "\\000" "\\n"
  [ "$(readlink $p/ns/pid)" = "$(readlink /proc/self/ns/pid)" ] && continue
  [ -e $p/root/search ] && continue # another RUN, which has no secrets now
  for place in root/workspace root/store cwd/ fd/3 task/*/fd/3; do ls $p/$place && echo "leak: looked into $p/$place"; done
  (: < $p/mem) && echo "leak: opened $p/mem"
done
cat /proc/net/unix | grep -i -e varve -e agent -e catalog
for at in / /.. /../../.. /proc/self/root/../..; do
  ls -d $at/workspace $at/store $at/varve && echo "leak: left the root by $at"
done
find / -xdev -type f -size -64k -exec cat {} +
find /run /dev/shm /tmp -type f -exec cat {} +
ls -R /run
echo "</$1>"
`;
/** What would lead out of the sandbox: each says so when it works. */
const ESCAPE = `
ln -s /workspace/secret /link; cat /link /proc/1/root/workspace/secret && echo "leak: read by a link"
mkdir -p /new && mount -t tmpfs none /new && echo "leak: mounted a tmpfs"
mount --bind / /new && echo "leak: bound the root"
umount -l /proc && echo "leak: took /proc away"
mount -o remount,rw /sys && echo 1 > /sys/kernel/uevent_seqnum && echo "leak: wrote to /sys"
mknod /disk b 8 0 && cat /disk > /dev/null && echo "leak: opened a disk"
[ -e /proc/1 ] && echo x > /proc/sys/kernel/hostname && echo "leak: wrote to /proc/sys"
[ -e /proc/1 ] && echo h > /proc/sysrq-trigger && echo "leak: wrote to sysrq"
nsenter -t 1 -m ls /workspace && echo "leak: entered the namespace of pid 1"
[ "$(ls /cache/..)" = "$(ls /)" ] || echo "leak: saw other caches"
`;
/** Has what others must not see for a while. */
const HOLD = `
echo "<$1>"
test -n "$TOKEN" && test -s /run/secrets/s && test -S /run/buildkit/ssh_agent.0 && sleep 0.3 && echo "</$1>"
`;

const dockerfile = (canKill: boolean): string => `FROM scratch AS base
ADD root.tar /
COPY search escape hold /
FROM base AS holder
RUN --mount=type=secret,id=s --mount=type=secret,id=e,env=TOKEN --mount=type=ssh sh /hold holder
RUN sh /search after 2>/dev/null; test ! -e /run/secrets/s
FROM base AS other
RUN --mount=type=cache,id=mine,target=/cache sh /search other 2>/dev/null; sh /escape 2>/dev/null; true
${canKill ? '' : 'RUN kill -9 -1; sleep 0.01\n'}FROM base
COPY --from=holder / /holder/
COPY --from=other /etc /other/
`;

for (const pod of PODS.filter(({ row }) => ROWS.includes(row))) {
  test.serial(
    `pod ${pod.row}: no credential of the pod or the build can be read by a RUN, and none gets out`,
    async (t) => {
      const isMissing =
        cannotRun() !== undefined || ['runc', 'ssh-keygen', 'ssh-agent'].some((tool) => !findTool(tool, TOOL_PATH));
      using running = isMissing ? undefined : makePod(pod);
      const start = await running?.shell('test -x /varve/bin/varve && test -r /varve/package.json');
      if (!running || start?.code !== 0) {
        notRun(t, `needs root, busybox-static, runc, openssh-client, and such a pod: ${start?.stderr ?? ''}`);
        return;
      }
      const directory = mkdtempSync(join(tmpdir(), 'varve-credentials-'));
      try {
        await makeBusyboxRoot(join(directory, 'root'));
        await packRoot(join(directory, 'root'), join(directory, 'root.tar'));
        const at = (name: string): string => join(running.workspace, name);
        for (const name of ['context', 'docker']) mkdirSync(at(name));
        copyFileSync(join(directory, 'root.tar'), at('context/root.tar'));
        const isChroot = pod.row === 'A';
        const files = { Dockerfile: dockerfile(isChroot), search: SEARCH, escape: ESCAPE, hold: HOLD };
        for (const [name, text] of Object.entries(files)) writeFileSync(at(`context/${name}`), text);
        const auth = (host: string): string =>
          JSON.stringify({
            auths: { [host]: { auth: Buffer.from(`u:${MARK}`).toString('base64'), identitytoken: `${MARK}-${host}` } },
          });
        writeFileSync(at('docker/config.json'), auth('file.example.com'));
        writeFileSync(at('secret'), `${MARK}-secret`);
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${MARK}-key`, '-f', at('key')]);
        execFileSync('chown', ['-R', '--reference', running.workspace, running.workspace]);
        const variables = {
          DOCKER_CONFIG: '/workspace/docker',
          DOCKER_AUTH_CONFIG: auth('variable.example.com'),
          AWS_SECRET_ACCESS_KEY: `${MARK}-aws`,
          GIT_TOKEN: `${MARK}-git`,
          GOOGLE_APPLICATION_CREDENTIALS: '/workspace/secret',
          BUILD_TOKEN: `${MARK}-variable`,
        };
        writeFileSync(
          at('environment'),
          Object.entries(variables)
            .map(([name, value]) => `export ${name}='${value}'\n`)
            .join(''),
        );
        const flags =
          '--secret id=s,src=/workspace/secret --secret id=e,env=BUILD_TOKEN --ssh default=/workspace/key --parallel 4 --progress plain';
        const command = `. /workspace/environment; /varve/bin/varve build ${flags} -o type=tar,dest=/workspace/out.tar /workspace/context`;
        const { code, stdout, stderr } = await running.shell(command);
        t.is(code, 0, stdout + stderr);
        for (const name of ['after', 'other'])
          t.regex(stderr, new RegExp(`<${name}>[\\s\\S]*PATH=[\\s\\S]*</${name}>`));
        t.false(stderr.includes(MARK), stderr);
        t.notRegex(stderr, /(?<!echo ")leak: /);
        for (const name of [...Object.keys(variables), 'POD_SECRET', 'KUBERNETES_SERVICE_HOST'])
          t.notRegex(stderr, new RegExp(`\\b${name}=`), name);
        t.false(readFileSync(at('out.tar')).includes(MARK));
        // Where RUNs can look into each other's processes, one with secrets is alone.
        if (['A', 'B', 'K'].includes(pod.row)) t.notRegex(stderr, /<holder>(?:(?!<\/holder>)[\s\S])*<other>/);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );
}
