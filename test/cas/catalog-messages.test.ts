import test from 'ava';
import fc from 'fast-check';
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
  type Reply,
  type Request,
} from '../../src/cas/catalog-messages.ts';

const key = fc.string({ unit: 'binary-ascii', maxLength: 100 });
const value = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
const id = fc.integer({ min: 0, max: 0xffffffff });

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ op: fc.constant('get' as const), keys: fc.array(key) }),
  fc.record({
    op: fc.constant('write' as const),
    writes: fc.array(fc.record({ key, value: fc.option(value, { nil: undefined }) })),
  }),
  fc.record({ op: fc.constant('page' as const), range: fc.record({ from: key, after: fc.boolean(), to: key }) }),
);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ op: fc.constant('get' as const), values: fc.array(fc.option(value, { nil: undefined })) }),
  fc.record({ op: fc.constant('write' as const) }),
  fc.record({ op: fc.constant('page' as const), rows: fc.array(fc.tuple(key, value)) }),
  fc.record({ op: fc.constant('error' as const), code: key, message: fc.string({ unit: 'grapheme' }) }),
);

test('requests and replies come back as they were', (t) => {
  fc.assert(
    fc.property(id, request, (n, message) =>
      t.deepEqual(decodeRequest(body(encodeRequest(n, message))), { id: n, request: message }),
    ),
  );
  fc.assert(
    fc.property(id, reply, (n, message) =>
      t.deepEqual(decodeReply(body(encodeReply(n, message))), { id: n, reply: message }),
    ),
  );
});

test('what is cut short or unknown is refused', (t) => {
  const whole = body(encodeRequest(7, { op: 'write', writes: [{ key: 'k', value: Buffer.from('value') }] }));
  for (let length = 0; length < whole.length; length++)
    t.throws(() => decodeRequest(whole.subarray(0, length)), { instanceOf: RangeError });
  t.throws(() => decodeRequest(Buffer.from([1, 0, 0, 0, 9])), { message: /unknown code 9/ });
  t.throws(() => decodeReply(Buffer.from([1, 0, 0, 0, 9])), { message: /unknown code 9/ });
});

test('a frame is as docs/store-format.md has it', (t) => {
  const frame = encodeRequest(258, { op: 'get', keys: ['use!a'] });
  t.is(frame.toString('hex'), ['10000000', '02010000', '01', '01000000', '0500', '7573652161'].join(''));
});

/** Without the length, which is checked. */
function body(frame: Buffer): Buffer {
  if (frame.readUInt32LE(0) !== frame.length - 4) throw new Error('the length is wrong');
  return frame.subarray(4);
}
