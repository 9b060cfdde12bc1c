import { VarveError } from '../errors.ts';

/** docs.docker.com: what containers get when the machine names no server of its own. */
const DEFAULT_NAMESERVERS = ['8.8.8.8', '8.8.4.4'];

export interface ExtraHost {
  readonly name: string;
  readonly address: string;
}

/**
 * /etc/resolv.conf for a RUN, from the machine's (resolv.conf(5)). RUN shares the machine's network, so a server on
 * 127.0.0.53 (systemd-resolved) is reachable and stays. Only a file without any server gets Docker's default ones: libc
 * would ask 127.0.0.1 then, which is an answer for nobody.
 */
export function resolvConf(host: string): string {
  const text = host === '' || host.endsWith('\n') ? host : `${host}\n`;
  if (/^[ \t]*nameserver[ \t]+\S/m.test(text)) return text;
  return `${text}${DEFAULT_NAMESERVERS.map((address) => `nameserver ${address}\n`).join('')}`;
}

/**
 * /etc/hosts for a RUN (hosts(5)): loopback, the sandbox's own name, and the user's `--add-host` entries.
 * @throws VarveError `USAGE` for an entry that would break the file.
 */
export function hostsFile(hostname: string, extra: readonly ExtraHost[] = []): string {
  const lines = [
    '127.0.0.1\tlocalhost',
    `127.0.0.1\t${hostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'ff00::0\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  for (const { name, address } of extra) {
    if (!/^[^\s#]+$/.test(name) || !/^[^\s#]+$/.test(address)) {
      throw new VarveError(
        'USAGE',
        `the host entry ${JSON.stringify(`${name}:${address}`)} is not a name and an address`,
        {
          exitCode: 2,
        },
      );
    }
    lines.push(`${address}\t${name}`);
  }
  return `${lines.join('\n')}\n`;
}
