import test from 'ava';
import { chooseProxy } from '../../src/io/choose-proxy.ts';

const settings = { http: 'http://plain:1', https: 'https://me:secret@safe:2' };
const chosen = (url: string, no = '') => chooseProxy({ ...settings, no })(new URL(url))?.host ?? 'direct';

test('each scheme has its own proxy', (t) => {
  t.is(chosen('http://a.example/'), 'plain:1');
  t.is(chosen('https://a.example/'), 'safe:2');
  t.is(chooseProxy({ http: 'plain:1' })(new URL('https://a.example')), undefined);
  t.is(chooseProxy({ http: 'plain:1' })(new URL('http://a.example'))?.href, 'http://plain:1/');
  t.is(chooseProxy({})(new URL('http://a.example')), undefined);
});

test('localhost and loopback addresses take none', (t) => {
  for (const host of ['localhost', 'LOCALHOST:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:80'])
    t.is(chosen(`http://${host}/`), 'direct', host);
  for (const host of ['localhost.example', '128.0.0.1', '[::2]']) t.is(chosen(`http://${host}/`), 'plain:1', host);
});

test('NO_PROXY is read as Go does', (t) => {
  const table: [no: string, direct: string[], proxied: string[]][] = [
    ['*', ['a.example', '10.0.0.1'], []],
    ['b.example, *', ['a.example'], []],
    ['a.example', ['a.example', 'A.Example', 'x.a.example', 'a.example:81'], ['ba.example', 'example']],
    ['.a.example', ['x.a.example', 'x.y.a.example'], ['a.example']],
    ['*.a.example', ['x.a.example'], ['a.example']],
    ['a.example:81', ['a.example:81', 'x.a.example:81'], ['a.example', 'a.example:82']],
    ['a.example:80', ['a.example'], ['a.example:81']],
    ['b.example , a.example', ['a.example', 'b.example'], ['c.example']],
    ['10.0.0.0/8', ['10.1.2.3', '10.1.2.3:99'], ['11.0.0.1', 'a.example']],
    ['192.0.2.7', ['192.0.2.7', '192.0.2.7:99'], ['192.0.2.8']],
    ['192.0.2.7:99', ['192.0.2.7:99'], ['192.0.2.7']],
    ['2001:db8::/32', ['[2001:db8::1]'], ['[2001:db9::1]']],
    ['[2001:db8::1]:99', ['[2001:db8::1]:99'], ['[2001:db8::1]']],
    ['2001:db8::1', ['[2001:db8::1]'], ['[2001:db8::2]']],
    ['', [], ['a.example']],
    [',:81', [], ['a.example']],
  ];
  for (const [no, direct, proxied] of table) {
    for (const host of direct) t.is(chosen(`http://${host}/`, no), 'direct', `${no}: ${host}`);
    for (const host of proxied) t.is(chosen(`http://${host}/`, no), 'plain:1', `${no}: ${host}`);
  }
});

test('a proxy of another kind is refused by its name when it is needed, without its password', (t) => {
  for (const http of ['socks5://me:secret@h:1', 'http://', 'ftp://h']) {
    const choose = chooseProxy({ http });
    t.is(choose(new URL('http://localhost/')), undefined);
    const error = t.throws(() => choose(new URL('http://a.example/')), {
      code: 'PROXY_INVALID',
      message: /HTTP_PROXY/,
    });
    t.false(error?.message.includes('secret'));
  }
});
