/**
 * GError, the errors of libostree and GLib: `{ guint32 domain; gint code; gchar *message }`. A call that can
 * fail takes a place for one as its last argument, declared `_Inout_ void **error` because libostree expects
 * it to hold NULL. An error found there becomes a TreeportError and is freed.
 */
import koffi from 'koffi';
import type { ErrorCode } from '../../base/error-codes.ts';
import { messageOf, TreeportError } from '../../base/errors.ts';
import { lazily, type Pointer } from '../library.ts';

/** The `GError **` argument of a foreign call. */
export type ErrorPlace = [Pointer | null];

export type ForeignError = {
  /** Such as `g-io-error-quark`. */
  readonly domain: string;
  readonly code: number;
  readonly message: string;
};

/** Maps an error to the code that a module gives it; undefined selects the general rules. */
export type Classify = (error: ForeignError) => ErrorCode | undefined;

const MESSAGE_OFFSET = 8n;
const IO_ERRORS = 'g-io-error-quark';
const IO_ERROR_NOT_FOUND = 1;
const IO_ERROR_NO_SPACE = 12;
const IO_ERROR_READ_ONLY = 21;

const glib = lazily(({ glib }) => ({
  quarkToString: glib.func('const char *g_quark_to_string(uint32_t quark)') as (quark: number) => string,
  errorFree: glib.func('void g_error_free(void *error)') as (error: Pointer) => void,
}));

/**
 * Returns the result of `call`, or throws its error. `what` begins the message: what failed, on which object.
 * FALSE or NULL without an error is a failure as well, because libostree sets no error when it fails to
 * remove small files such as the mark of a partial commit.
 */
export function checked<T extends number | Pointer | null>(
  what: string,
  call: (error: ErrorPlace) => T,
  classify?: Classify,
): T {
  const place: ErrorPlace = [null];
  const result = call(place);
  const [pointer] = place;
  if (pointer === null && result) return result;
  if (pointer === null) throw new TreeportError('ERR_LIBOSTREE', `${what}: libostree gives no reason`);
  const error = take(pointer);
  const code = classify?.(error) ?? codeOf(error);
  throw new TreeportError(code, `${what}: ${messageOf(error.message)}`);
}

/** True for G_IO_ERROR_NOT_FOUND: no such file, object or remote. */
export function isNotFound({ domain, code }: ForeignError): boolean {
  return domain === IO_ERRORS && code === IO_ERROR_NOT_FOUND;
}

function take(pointer: Pointer): ForeignError {
  const { quarkToString, errorFree } = glib();
  try {
    return {
      domain: quarkToString(koffi.decode.uint32(pointer)),
      code: koffi.decode.int32(pointer + 4n),
      message: koffi.decode(pointer + MESSAGE_OFFSET, 'const char *'),
    };
  } finally {
    errorFree(pointer);
  }
}

function codeOf({ domain, code, message }: ForeignError): ErrorCode {
  if (domain === IO_ERRORS && code === IO_ERROR_NO_SPACE) return 'ERR_DISK_FULL';
  if (domain === IO_ERRORS && code === IO_ERROR_READ_ONLY) return 'ERR_REPO_READ_ONLY';
  if (/min-free-space-|Disk quota exceeded/.test(message)) return 'ERR_DISK_FULL';
  if (/\bCorrupted \S+ object\b/.test(message)) return 'ERR_OBJECT_CORRUPT';
  return 'ERR_LIBOSTREE';
}
