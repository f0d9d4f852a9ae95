/**
 * The shared libraries that writing to repositories needs, loaded at their first use: libostree and, below it,
 * GLib, GObject and GIO. Each module declares the functions it calls itself, with `lazily`.
 *
 * Only functions of libostree 2022.7 and older may be declared: a missing one is ERR_LIBOSTREE_MISSING. libostree
 * asserts what it expects of its caller, and a failed assertion ends the process: whoever calls a function
 * validates the arguments before.
 */
import koffi from 'koffi';
import { messageOf, TreeportError } from '../base/errors.ts';

/** The address of something in foreign memory. */
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

/** Functions that `declare` finds in the libraries when they are called for the first time. */
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
    throw missing(`${file} cannot be loaded: ${messageOf(error)}`, error);
  }
}

function missing(why: string, cause: unknown): TreeportError {
  const advice = 'install libostree (Debian: libostree-1-1, Fedora: ostree-libs)';
  return new TreeportError('ERR_LIBOSTREE_MISSING', `${why}; ${advice}, ${OLDEST} or later`, { cause });
}
