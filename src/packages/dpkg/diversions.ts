/**
 * dpkg's diversions (dpkg-divert(1)): triples of lines, the path, where it is moved to, and the package that
 * moved it, `:` for the administrator. The files of all other packages at that path lie at the second one.
 *
 * They apply to paths as the packages list them, before symlinks such as /lib are followed: Debian has
 * diversions of /lib/… that must not touch /usr/lib/….
 */
export type Diversions = {
  /** Maps the paths of a package to where they lie. */
  of(packageName: string): (path: string) => string;
};

export function parseDiversions(text: string): Diversions {
  const lines = text.split('\n');
  const diversions = new Map<string, { readonly to: string; readonly by: string }>();
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [path = '', to = '', by = ''] = lines.slice(at, at + 3);
    if (path.startsWith('/') && to.startsWith('/')) diversions.set(path, { to, by });
  }
  return {
    of: (name) => (path) => {
      const diversion = diversions.get(path);
      return diversion === undefined || diversion.by === name ? path : diversion.to;
    },
  };
}
