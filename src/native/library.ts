/**
 * The shared libraries for writing to repositories, loaded on first use: libostree, and GLib, GObject and GIO
 * below it. Each module declares the functions that it calls, with `lazily`.
 *
 * Declare only functions that libostree 2022.7 has; a missing function is ERR_LIBOSTREE_MISSING. libostree
 * asserts its preconditions and a failed assertion aborts the process, so the caller validates all arguments
 * first.
 */
import koffi from 'koffi';
import { messageOf, TreeportError } from '../base/errors.ts';

/** An address in foreign memory. */
export type Pointer = bigint;

type Library = ReturnType<typeof koffi.load>;

export type Libraries = {
  readonly ostree: Library;
  readonly glib: Library;
  readonly gobject: Library;
  readonly gio: Library;
};

const FILES = {
  ostree: 'libostree-1.so.1',
  glib: 'libglib-2.0.so.0',
  gobject: 'libgobject-2.0.so.0',
  gio: 'libgio-2.0.so.0',
} as const;

const OLDEST = '2022.7';

let loaded: Libraries | undefined;

/** Defers `declare`, which looks functions up in the libraries, to the first call. */
export function lazily<Functions>(declare: (libraries: Libraries) => Functions): () => Functions {
  let functions: Functions | undefined;
  return () => {
    functions ??= declared(declare);
    return functions;
  };
}

function declared<Functions>(declare: (libraries: Libraries) => Functions): Functions {
  loaded ??= load();
  try {
    return declare(loaded);
  } catch (error) {
    throw missing(`this libostree is older than ${OLDEST}: ${messageOf(error)}`, error);
  }
}

function load(): Libraries {
  return {
    ostree: open(FILES.ostree),
    glib: open(FILES.glib),
    gobject: open(FILES.gobject),
    gio: open(FILES.gio),
  };
}

function open(file: string): Library {
  try {
    return koffi.load(file);
  } catch (error) {
    throw missing(`cannot load ${file}: ${messageOf(error)}`, error);
  }
}

function missing(why: string, cause: unknown): TreeportError {
  const advice = 'install libostree (Debian: libostree-1-1, Fedora: ostree-libs)';
  return new TreeportError('ERR_LIBOSTREE_MISSING', `${why}; ${advice}, ${OLDEST} or later`, { cause });
}
