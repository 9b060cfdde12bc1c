import { onBothRungs } from '../support/run-bench.ts';

onBothRungs('shell, exec and heredoc forms', async (t, bench) => {
  const { stdout } = await bench.run(
    [
      'FROM busybox',
      'RUN echo "a  b" $0',
      'RUN ["echo", "$HOME", "a  b"]',
      'SHELL ["/bin/sh", "-e", "-c"]',
      'RUN false || echo shell; echo $-',
      'RUN <<EOF',
      'X=1',
      'echo body $X',
      'EOF',
      'RUN <<EOF',
      '#!/bin/cat',
      'shebang',
      'EOF',
      'RUN <<-"EOF" cat',
      '\ttab $X',
      '\tEOF',
      "RUN cat <<A && cat <<'B' 3<<C /dev/fd/3 -",
      'one $HOME',
      'A',
      'two $HOME',
      'B',
      'three',
      'C',
      '',
    ].join('\n'),
  );
  const lines = stdout.split('\n');
  t.deepEqual(lines.slice(0, 3), ['a  b /bin/sh', '$HOME a  b', 'shell']);
  t.regex(lines[3]!, /e/);
  t.deepEqual(lines.slice(4), ['body 1', '#!/bin/cat', 'shebang', 'tab $X', 'one /root', 'three', 'two $HOME', '']);
});

onBothRungs('environment, user and working directory', async (t, bench) => {
  const { stdout } = await bench.run(
    [
      'FROM busybox',
      'RUN printf "app:x:1000:1001::/home/app:/bin/sh\\n" >> /etc/passwd; printf "more:x:2000:app\\nteam:x:3000:\\n" >> /etc/group',
      'ARG ONE=1',
      'RUN env | sort',
      'USER app',
      'WORKDIR /w/deep',
      'RUN echo $HOME; id -u; id -G; pwd; stat -c %u:%g .',
      'USER app:team',
      'RUN id -g; id -G',
      'USER 1234',
      'RUN echo $HOME; id -u; id -g',
      'USER 1000:7',
      'RUN id -u; id -g',
      '',
    ].join('\n'),
    { buildArgs: new Map([['http_proxy', 'p']]) },
  );
  t.is(
    stdout,
    [
      'HOME=/root\nHTTP_PROXY=p\nONE=1\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\nSHLVL=1\nhttp_proxy=p',
      '/home/app\n1000\n1001 2000\n/w/deep\n1000:1001',
      '3000\n3000',
      '/\n1234\n0',
      '1000\n7',
      '',
    ].join('\n'),
  );
});

onBothRungs('output is bytes, standard input is empty', async (t, bench) => {
  const { stdout, stderr } = await bench.run('FROM busybox\nRUN printf "\\377\\0\\n"; wc -c; printf "\\376" >&2\n');
  t.is(stdout, '\xff\0\n0\n');
  t.is(stderr, '\xfe');
});

onBothRungs('a command that fails: its code, and the last that it wrote', async (t, bench) => {
  const script = 'for i in $(seq 1 80); do echo line $i; done; echo last; exit 7';
  const error = await bench.fail(`FROM busybox\nRUN ${script}\n`);
  t.like(error, { code: 'RUN_FAILED', exitCode: 7 });
  t.is(error.location!.start, 4);
  const lines = error.output!.split('\n');
  t.is(lines.length, 50);
  t.is(lines[0], 'line 32');
  t.is(lines.at(-1), 'last');
  t.false(error.message.includes('line 80'));
  t.like(await bench.fail('FROM busybox\nRUN echo why >&2; exit 3\n'), { exitCode: 3, output: 'why' });
  const killed = await bench.fail('FROM busybox\nRUN sh -c "kill -9 \\$\\$"; exit $?\n');
  t.like(killed, { exitCode: 137, output: 'Killed' });
  t.regex(killed.hint!, /SIGKILL/);
  t.like(await bench.fail('FROM busybox\nRUN ["absent"]\n'), { exitCode: 127, output: 'exec: "absent": not found' });
});

onBothRungs('what a command leaves running is ended and does not hold the build', async (t, bench) => {
  const { layer } = await bench.run('FROM busybox\nRUN (sleep 1000; touch /late) & true; touch /done\n');
  t.deepEqual(layer, ['done']);
});
