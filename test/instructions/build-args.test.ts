import test from 'ava';
import { isProxyArg, platformArgs, proxyVariables } from '../../src/instructions/build-args.ts';

test('the automatic arguments', (t) => {
  const build = { os: 'linux', architecture: 'amd64' };
  const target = { os: 'windows', architecture: 'arm', variant: 'v6', 'os.version': '10.0' };
  t.deepEqual(Object.fromEntries(platformArgs({ build, target, targetStage: 'app' })), {
    BUILDPLATFORM: 'linux/amd64',
    BUILDOS: 'linux',
    BUILDOSVERSION: '',
    BUILDARCH: 'amd64',
    BUILDVARIANT: '',
    TARGETPLATFORM: 'windows/arm/v6',
    TARGETOS: 'windows',
    TARGETOSVERSION: '10.0',
    TARGETARCH: 'arm',
    TARGETVARIANT: 'v6',
    TARGETSTAGE: 'app',
  });
});

test('proxies in both cases, and nothing else', (t) => {
  const variables = (args: Record<string, string>) => Object.fromEntries(proxyVariables(new Map(Object.entries(args))));
  t.deepEqual(variables({ HTTP_PROXY: 'a', no_proxy: 'b', X: 'c' }), {
    HTTP_PROXY: 'a',
    http_proxy: 'a',
    NO_PROXY: 'b',
    no_proxy: 'b',
  });
  t.deepEqual(variables({ HTTP_PROXY: 'a', http_proxy: 'b' }), { HTTP_PROXY: 'a', http_proxy: 'b' });
  t.deepEqual(variables({ Http_Proxy: 'a', PROXY: 'b' }), {});
  for (const name of ['HTTP_PROXY', 'https_proxy', 'FTP_PROXY', 'no_proxy', 'ALL_PROXY']) t.true(isProxyArg(name));
  for (const name of ['Http_Proxy', 'SOCKS_PROXY', '']) t.false(isProxyArg(name));
});
