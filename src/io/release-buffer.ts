/**
 * Gives a large buffer's memory back now; it is empty from then on. Left to the garbage collector, buffers of megabytes
 * make it run whenever 30 MB of them came together, and 100 MB of them are waiting for it at any time.
 * Small buffers, which may share their memory with others, stay as they are.
 */
export function releaseBuffer(buffer: Buffer): void {
  const memory = buffer.buffer;
  if (memory instanceof ArrayBuffer && !memory.detached && memory.byteLength > Buffer.poolSize) memory.transfer(0);
}
