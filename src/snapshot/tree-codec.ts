import { hash } from 'node:crypto';
import { type Digest, digestHex } from '../oci/digest.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Entry, EntryType, Xattr } from './entry.ts';
import type { TreeChild, TreeNode, TreeRef } from './tree.ts';

/** First byte of a node's exact form and of its content form; another layout takes other numbers. */
const EXACT = 0x01;
const CONTENT = 0x41;

const TYPES: readonly EntryType[] = ['file', 'dir', 'symlink', 'char', 'block', 'fifo'];
const HAS_XATTRS = 0x10;
const HAS_HARDLINK = 0x20;
const TYPE_BITS = 0x0f;

export interface EncodedNode {
  readonly ref: TreeRef;
  /** The exact form: what is stored, and what `ref.exact` is the sha256 of. */
  readonly value: Buffer;
}

/** A node's bytes and its two digests (docs/store-format.md, "tree"). The children must be sorted by name. */
export function encodeNode(node: TreeNode): EncodedNode {
  const value = encodeExact(node);
  const content = new ByteWriter();
  writeChildren(content, node, CONTENT);
  return { ref: { exact: sha256(value), content: sha256(content.view()) }, value };
}

/** The exact form only. */
export function encodeExact(node: TreeNode): Buffer {
  const writer = new ByteWriter();
  writeChildren(writer, node, EXACT);
  return writer.take();
}

function sha256(bytes: Buffer): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest;
}

function writeChildren(writer: ByteWriter, node: TreeNode, form: typeof EXACT | typeof CONTENT): void {
  writer.byte(form);
  writer.varint(node.children.length);
  let previous: string | undefined;
  for (const child of node.children) {
    const { name, entry } = child;
    if (previous !== undefined && name <= previous) throw new Error(`tree node: '${name}' comes after '${previous}'`);
    previous = name;
    const type = TYPES.indexOf(entry.type);
    writer.byte(type | (entry.xattrs?.length ? HAS_XATTRS : 0) | (entry.hardlink === undefined ? 0 : HAS_HARDLINK));
    writer.byteString(name);
    writer.varint(entry.mode);
    writer.varint(entry.uid);
    writer.varint(entry.gid);
    if (form === EXACT) writer.time(entry.mtime);
    writeBody(writer, child, form);
    if (entry.xattrs?.length) writeXattrs(writer, entry.xattrs);
    if (entry.hardlink !== undefined) writer.bytes(Buffer.from(entry.hardlink, 'utf8'));
  }
}

function writeBody(writer: ByteWriter, { name, entry, tree }: TreeChild, form: number): void {
  if ((entry.type === 'dir') !== (tree !== undefined)) throw new Error(`tree node: '${name}': a directory has a node`);
  switch (entry.type) {
    case 'file':
      if (entry.digest === undefined) throw new Error(`tree node: file '${name}' has no digest`);
      writer.varint(entry.size);
      writer.hex(digestHex(entry.digest));
      return;
    case 'dir':
      if (form === EXACT) writer.hex(digestHex(tree!.exact));
      writer.hex(digestHex(tree!.content));
      return;
    case 'symlink':
      if (entry.target === undefined) throw new Error(`tree node: symlink '${name}' has no target`);
      writer.byteString(entry.target);
      return;
    case 'char':
    case 'block':
      if (entry.device === undefined) throw new Error(`tree node: device '${name}' has no numbers`);
      writer.varint(entry.device[0]);
      writer.varint(entry.device[1]);
      return;
    case 'fifo':
  }
}

function writeXattrs(writer: ByteWriter, xattrs: readonly Xattr[]): void {
  writer.varint(xattrs.length);
  let previous: string | undefined;
  for (const [name, value] of xattrs) {
    if (previous !== undefined && name <= previous) throw new Error(`tree node: xattr '${name}' after '${previous}'`);
    previous = name;
    writer.byteString(name);
    writer.bytes(value);
  }
}

/** @throws RangeError when the bytes are not what {@link encodeExact} gives */
export function decodeNode(value: Buffer): TreeNode {
  const reader = new ByteReader(value);
  if (reader.byte() !== EXACT) throw new RangeError('not a tree node of this version');
  const count = reader.varint();
  const children: TreeChild[] = [];
  for (let i = 0; i < count; i++) children.push(readChild(reader));
  if (!reader.done) throw new RangeError('bytes after the last child');
  return { children };
}

function readChild(reader: ByteReader): TreeChild {
  const kind = reader.byte();
  const type = TYPES[kind & TYPE_BITS];
  if (type === undefined) throw new RangeError('unknown entry type');
  const name = reader.byteString();
  // Written in one piece so that all entries of a type have one shape.
  const base = {
    type,
    mode: reader.varint(),
    uid: reader.varint(),
    gid: reader.varint(),
    mtime: reader.time(),
    size: 0,
  };
  let entry: Entry = base;
  let tree: TreeRef | undefined;
  if (type === 'file') entry = { ...base, size: reader.varint(), digest: readDigest(reader) };
  else if (type === 'dir') tree = { exact: readDigest(reader), content: readDigest(reader) };
  else if (type === 'symlink') entry = { ...base, target: reader.byteString() };
  else if (type !== 'fifo') entry = { ...base, device: [reader.varint(), reader.varint()] };
  if (kind & HAS_XATTRS) entry = { ...entry, xattrs: readXattrs(reader) };
  if (kind & HAS_HARDLINK) entry = { ...entry, hardlink: reader.bytes().toString('utf8') };
  return tree ? { name, entry, tree } : { name, entry };
}

function readXattrs(reader: ByteReader): Xattr[] {
  const xattrs: Xattr[] = [];
  for (let left = reader.varint(); left > 0; left--) xattrs.push([reader.byteString(), reader.bytes()]);
  return xattrs;
}

function readDigest(reader: ByteReader): Digest {
  return `sha256:${reader.hex(32)}` as Digest;
}
