import test from 'ava';
import { proxySettings } from '../../src/cli/proxy-settings.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { serveFiles } from '../support/http-files.ts';
import { cliBench } from './support/cli-bench.ts';

test('the environment says through which proxy, in upper or lower case', (t) => {
  t.deepEqual(proxySettings({}), {});
  t.deepEqual(proxySettings({ HTTP_PROXY: 'a', http_proxy: 'b', https_proxy: 'c', NO_PROXY: '', no_proxy: 'd' }), {
    http: 'a',
    https: 'c',
    no: 'd',
  });
});

test('varve build takes a Dockerfile and an ADD through HTTP_PROXY', async (t) => {
  const bench = cliBench(t);
  await using server = await serveFiles({
    '/Dockerfile': { body: 'FROM scratch\nADD http://files.example/f /\n' },
    '/f': { body: 'f' },
  });
  await using proxy = await startForwardProxy({ 'files.example:80': server.host });
  const { code, stderr } = await bench
    .with({ HTTP_PROXY: proxy.url })
    .varve('build', 'http://files.example/Dockerfile');
  t.is(code, 0, stderr);
  t.deepEqual(proxy.requests, ['GET http://files.example/Dockerfile', 'GET http://files.example/f']);
});
