import { isIPv4, isIPv6 } from 'node:net';
import { type BakeFunction, refuse, takes, takesMore } from './signature.ts';

/** Address ranges. https://github.com/hashicorp/go-cty-funcs/tree/main/cidr */
export const NETWORK_FUNCTIONS: Readonly<Record<string, BakeFunction>> = {
  cidrhost: takes(['text', 'number'], (prefix, host) => {
    const net = parse(prefix);
    const size = 1n << BigInt(net.width - net.bits);
    const at = BigInt(host);
    if (at >= size || -at > size) throw refuse(`${prefix} has no host ${host}`);
    return write(net.address + (at < 0n ? size + at : at), net.width);
  }),
  cidrnetmask: takes(['text'], (prefix) => {
    const { width, bits } = parse(prefix);
    if (width !== 32) throw refuse('only IPv4 has netmasks');
    return write(((1n << BigInt(bits)) - 1n) << BigInt(width - bits), width);
  }),
  cidrsubnet: takes(['text', 'number', 'number'], (prefix, more, number) => {
    const net = parse(prefix);
    const bits = net.bits + more;
    if (bits > net.width || number < 0 || BigInt(number) >= 1n << BigInt(more))
      throw refuse(`${prefix} has no subnet ${number} of ${more} more bits`);
    return `${write(net.address + (BigInt(number) << BigInt(net.width - bits)), net.width)}/${bits}`;
  }),
  cidrsubnets: takesMore(['text'], 'number', (news, prefix) => {
    const net = parse(prefix);
    let next = net.address;
    return news.map((more) => {
      const size = 1n << BigInt(net.width - net.bits - more);
      const start = ((next + size - 1n) / size) * size;
      if (start + size > net.address + (1n << BigInt(net.width - net.bits)))
        throw refuse(`${prefix} has no room for the subnet of ${more} more bits`);
      next = start + size;
      return `${write(start, net.width)}/${net.bits + more}`;
    });
  }),
};

interface Network {
  readonly address: bigint;
  readonly width: 32 | 128;
  readonly bits: number;
}

function parse(prefix: string): Network {
  const [address = '', length = ''] = prefix.split('/');
  const width = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  const bits = Number(length);
  if (width === undefined || !/^\d+$/.test(length) || bits > width)
    throw refuse(`${JSON.stringify(prefix)} is not an address and a length: 10.0.0.0/8`);
  const host = BigInt(width - bits);
  return { address: (read(address, width) >> host) << host, width, bits };
}

function read(address: string, width: 32 | 128): bigint {
  if (width === 32) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  // The URL parser writes an address in its shortest hexadecimal form.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = short.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const front = groups(head);
  const back = groups(tail ?? '');
  const zeros = Array<string>(tail === undefined ? 0 : 8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function write(address: bigint, width: 32 | 128): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
