/**
 * Handles that own objects in GLib's memory, and copies between GLib's memory and JavaScript's. Data is
 * always copied: neither side keeps an address of the other's memory.
 */
import { lazily, type Pointer } from '../library.ts';

const glib = lazily(({ glib, gobject }) => ({
  objectRef: gobject.func('void *g_object_ref(void *object)') as (object: Pointer) => Pointer,
  objectUnref: gobject.func('void g_object_unref(void *object)') as (object: Pointer) => void,
  bytesNew: glib.func('void *g_bytes_new(const uint8_t *data, size_t size)') as (
    data: Uint8Array,
    size: number,
  ) => Pointer,
  bytesUnref: glib.func('void g_bytes_unref(void *bytes)') as (bytes: Pointer) => void,
  // A GVariantType is spelled as its type string.
  variantNew: glib.func('void *g_variant_new_from_bytes(const char *type, void *bytes, int trusted)') as (
    type: string,
    bytes: Pointer,
    trusted: number,
  ) => Pointer,
  variantRefSink: glib.func('void *g_variant_ref_sink(void *variant)') as (variant: Pointer) => Pointer,
  variantUnref: glib.func('void g_variant_unref(void *variant)') as (variant: Pointer) => void,
  variantSize: glib.func('size_t g_variant_get_size(void *variant)') as (variant: Pointer) => number,
  variantStore: glib.func('void g_variant_store(void *variant, _Out_ uint8_t *data)') as (
    variant: Pointer,
    data: Uint8Array,
  ) => void,
  contextNew: glib.func('void *g_main_context_new()') as () => Pointer,
  contextUnref: glib.func('void g_main_context_unref(void *context)') as (context: Pointer) => void,
  contextPush: glib.func('void g_main_context_push_thread_default(void *context)') as (
    context: Pointer,
  ) => void,
  contextPop: glib.func('void g_main_context_pop_thread_default(void *context)') as (
    context: Pointer,
  ) => void,
}));

/** Owns something in foreign memory: `using` releases it at the end of the block. */
export class Handle implements Disposable {
  readonly #release: (pointer: Pointer) => void;
  #pointer: Pointer | undefined;

  constructor(pointer: Pointer, release: (pointer: Pointer) => void) {
    this.#pointer = pointer;
    this.#release = release;
  }

  get pointer(): Pointer {
    if (this.#pointer === undefined) throw new Error('a foreign object was used after its release');
    return this.#pointer;
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    const pointer = this.#pointer;
    this.#pointer = undefined;
    this.#release(pointer);
  }
}

/** Owns a reference to a GObject. */
export function ownObject(object: Pointer): Handle {
  return new Handle(object, glib().objectUnref);
}

/** Takes another reference to a GObject. */
export function shareObject(object: Pointer): Handle {
  return ownObject(glib().objectRef(object));
}

/** Owns a reference to a GVariant that is not floating. */
export function ownVariant(variant: Pointer): Handle {
  return new Handle(variant, glib().variantUnref);
}

/** A new GBytes with a copy of `bytes`. */
export function newBytes(bytes: Uint8Array): Handle {
  return new Handle(glib().bytesNew(bytes, bytes.length), glib().bytesUnref);
}

/** Owns a reference to a GBytes. */
export function ownBytes(bytes: Pointer): Handle {
  return new Handle(bytes, glib().bytesUnref);
}

/** A copy of what is in a GBytes. */
export function bytesCopy(bytes: Pointer): Buffer {
  // Any bytes are a valid `ay`, which is the type without a framing of its own.
  using variant = ownVariant(glib().variantRefSink(glib().variantNew('ay', bytes, 1)));
  return variantBytes(variant.pointer);
}

/** A new GVariant of this type with a copy of its serialized form. */
export function newVariant(type: string, serialized: Uint8Array): Handle {
  using bytes = newBytes(serialized);
  const floating = glib().variantNew(type, bytes.pointer, 0);
  return ownVariant(glib().variantRefSink(floating));
}

/** A copy of the serialized form of a GVariant. */
export function variantBytes(variant: Pointer): Buffer {
  const bytes = Buffer.alloc(glib().variantSize(variant));
  if (bytes.length > 0) glib().variantStore(variant, bytes);
  return bytes;
}

/** Runs a call that iterates its thread's main context, with a main context of its own. */
export function withMainContext<T>(call: () => T): T {
  const { contextNew, contextUnref, contextPush, contextPop } = glib();
  using context = new Handle(contextNew(), contextUnref);
  contextPush(context.pointer);
  try {
    return call();
  } finally {
    contextPop(context.pointer);
  }
}
