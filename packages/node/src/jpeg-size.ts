/**
 * Width and height as a JPEG's frame header states them (ITU-T T.81, B.2.2), before EXIF turns the picture. Undefined
 * where no such header is found.
 */
export function jpegSize(bytes: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 9 <= bytes.length && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // SOF0 to SOF15, but for the three codes among them that are tables.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    // The picture itself begins, or a marker of which decoders think differently: without a length, and out of place.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xda)) return undefined;
    // Bytes of 255 may fill up the place before a marker.
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}
