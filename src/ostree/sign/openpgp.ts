/**
 * Parses the claims of an OpenPGP signature: its key and its time (RFC 4880, §4.2 and §5.2). Nothing is
 * verified here.
 */

export type SignatureClaim = {
  /**
   * The fingerprint of the key, else its key id, in upper-case digits; undefined if the signature has
   * neither.
   */
  readonly key: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number | undefined;
};

const TAG_SIGNATURE = 2;
const SUBPACKET_CREATED = 2;
const SUBPACKET_KEY_ID = 16;
const SUBPACKET_FINGERPRINT = 33;

/** The signatures in binary packets, in order; stops at the first malformed packet. */
export function signatureClaims(packets: Uint8Array): readonly SignatureClaim[] {
  const scanner = new Scanner(packets);
  const claims: SignatureClaim[] = [];
  try {
    while (scanner.left > 0) {
      const { tag, body } = scanner.packet();
      if (tag === TAG_SIGNATURE) claims.push(claimOf(body));
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return claims;
}

function claimOf(body: Scanner): SignatureClaim {
  const version = body.number(1);
  if (version === 3) {
    body.bytes(2);
    return { timestamp: body.number(4), key: hex(body.bytes(8)) };
  }
  if (version !== 4) return { key: undefined, timestamp: undefined };
  // Type, algorithms.
  body.bytes(3);
  const hashed = subpackets(body.part(body.number(2)));
  const all = new Map([...subpackets(body.part(body.number(2))), ...hashed]);
  // The first byte of a fingerprint subpacket is the key version.
  const key = all.get(SUBPACKET_FINGERPRINT)?.subarray(1) ?? all.get(SUBPACKET_KEY_ID);
  const created = hashed.get(SUBPACKET_CREATED);
  return {
    key: key === undefined ? undefined : hex(key),
    timestamp: created?.length === 4 ? created.readUInt32BE() : undefined,
  };
}

function subpackets(area: Scanner): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  while (area.left > 0) {
    const packet = area.part(area.newLength());
    // The highest bit says that the subpacket is critical.
    found.set(packet.number(1) & 0x7f, packet.bytes(packet.left));
  }
  return found;
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase();
}

/** Reads from the front; throws RangeError beyond the end. */
class Scanner {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  bytes(count: number): Buffer {
    if (count > this.left) throw new RangeError('the packet ends too early');
    this.#position += count;
    return this.#bytes.subarray(this.#position - count, this.#position);
  }

  part(count: number): Scanner {
    return new Scanner(this.bytes(count));
  }

  /** A big-endian number of 1, 2 or 4 bytes. */
  number(size: number): number {
    return this.bytes(size).readUIntBE(0, size);
  }

  packet(): { readonly tag: number; readonly body: Scanner } {
    const header = this.number(1);
    if (header < 0x80) throw new RangeError('no packet begins here');
    if (header >= 0xc0) return { tag: header & 0x3f, body: this.part(this.newLength()) };
    const sizeOfLength = [1, 2, 4, 0][header & 3] as number;
    const length = sizeOfLength === 0 ? this.left : this.number(sizeOfLength);
    return { tag: (header >> 2) & 0xf, body: this.part(length) };
  }

  /** Partial lengths are not supported: signatures do not use them. */
  newLength(): number {
    const first = this.number(1);
    if (first < 192) return first;
    if (first < 255) return ((first - 192) << 8) + this.number(1) + 192;
    return this.number(4);
  }
}
