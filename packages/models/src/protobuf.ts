/** The protobuf wire format, as much of it as an ONNX file needs: https://protobuf.dev/programming-guides/encoding */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A message, or a run of its fields: fields are simply laid end to end. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function intField(field: number, value: number): Uint8Array {
  return concat([tag(field, VARINT), varint(value)]);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat([tag(field, FIXED32), bytes]);
}

export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return concat([tag(field, LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

export function stringField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

export function messageField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytesField(field, concat(parts));
}

function tag(field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType);
}

function varint(value: number): Uint8Array {
  // Negative numbers take ten bytes in protobuf; nothing written here is negative.
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a non-negative integer: ${value}`);
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A field of a message that was read. */
export interface Field {
  readonly number: number;
  /** The field as it was written, tag and all. */
  readonly whole: Uint8Array;
  /** The bytes of a string, a message or packed numbers, or the four or eight of a number; none of a varint. */
  readonly bytes: Uint8Array;
  /** The value of a varint. */
  readonly integer?: number;
}

/** The fields of a message, in their order. Throws a RangeError where the bytes are none. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): number => {
    // As a number: beyond 2^53 it is not exact, and nothing that is read here is so large.
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined || factor > 2 ** 63) throw new RangeError("a number has no end");
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const key = readVarint();
    const wireType = key % 8;
    const integer = wireType === VARINT ? readVarint() : undefined;
    const length = wireType === LENGTH_DELIMITED ? readVarint() : { [FIXED64]: 8, [FIXED32]: 4, [VARINT]: 0 }[wireType];
    if (length === undefined || at + length > message.length) throw new RangeError("a field has no end");
    const bytes = message.subarray(at, at + length);
    at += length;
    const number = Math.floor(key / 8);
    fields.push({ number, whole: message.subarray(start, at), bytes, ...(integer === undefined ? {} : { integer }) });
  }
  return fields;
}
