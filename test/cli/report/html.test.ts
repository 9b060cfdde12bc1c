import test from 'ava';
import { html } from '../../../src/cli/report/html.ts';

test('whatever is put into markup is text, in attributes too', (t) => {
  const hostile = `"><script>alert(1)</script>' onload='x\u0000\u001b[2J\u202egnp`;
  const { text } = html`<p title="${hostile}">${hostile}${[html`<b>${1}</b>`, undefined, false, '&']}</p>`;
  t.is(
    text,
    `<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39; onload=&#39;x\\x00\\x1b[2J\\u202egnp">` +
      `&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39; onload=&#39;x\\x00\\x1b[2J\\u202egnp<b>1</b>&amp;</p>`,
  );
});
