/**
 * The names and icons of flatpak apps, as their commits export them to desktops: `Name` of
 * `export/share/applications/ID.desktop`, and an icon of the theme hicolor. An app of which they cannot be
 * read is shown with its id alone.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import { type FlatpakRef, parseFlatpakRef } from '../../ostree/flatpak/ref-parts.ts';
import { isKeyfileFault, keyfileString, parseKeyfile } from '../../ostree/keyfile.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { readTreeFile } from '../../ostree/tree-file.ts';

export type CommitOfRef = { readonly name: string; readonly commit: Checksum };

export type FlatpakApp = Pick<FlatpakRef, 'id' | 'architecture' | 'branch'> & {
  readonly name: string;
  /** A `data:` URL. */
  readonly icon: string | undefined;
};

type Description = Pick<FlatpakApp, 'name' | 'icon'>;

/** Keeps the page small; the table of refs has all. */
const MAX_APPS = 60;
const MAX_ICON = 32 * 1024;
const MAX_DESKTOP_FILE = 256 * 1024;
const ICONS = ['64x64', '48x48', '128x128'];
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** Remembers the apps of the last page, because commits do not change. */
export class FlatpakApps {
  #known: ReadonlyMap<Checksum, Description> = new Map();

  /** The first apps among the refs. */
  async of(objects: ObjectSource, refs: readonly CommitOfRef[]): Promise<readonly FlatpakApp[]> {
    const apps = refs.flatMap(({ name, commit }) => {
      const parts = parseFlatpakRef(name);
      return parts?.kind === 'app' ? [{ ...parts, commit }] : [];
    });
    const known = new Map<Checksum, Description>();
    const described: FlatpakApp[] = [];
    for (const { id, architecture, branch, commit } of apps.slice(0, MAX_APPS)) {
      const description = this.#known.get(commit) ?? (await describe(objects, commit, id));
      known.set(commit, description);
      described.push({ id, architecture, branch, ...description });
    }
    this.#known = known;
    return described;
  }
}

async function describe(objects: ObjectSource, commit: Checksum, id: string): Promise<Description> {
  const read = (path: string, maxBytes: number) =>
    readTreeFile(objects, { commit, path: `/export/share/${path}`, maxBytes });
  try {
    const desktop = await read(`applications/${id}.desktop`, MAX_DESKTOP_FILE);
    const parsed = parseKeyfile(desktop?.toString() ?? '');
    const name = isKeyfileFault(parsed) ? undefined : keyfileString(parsed, 'Desktop Entry', 'Name');
    for (const size of ICONS) {
      const icon = await read(`icons/hicolor/${size}/apps/${id}.png`, MAX_ICON);
      if (icon?.subarray(0, PNG.length).equals(PNG))
        return { name: name ?? id, icon: `data:image/png;base64,${icon.toString('base64')}` };
    }
    return { name: name ?? id, icon: undefined };
  } catch {
    // The request for a damaged object gives the error.
    return { name: id, icon: undefined };
  }
}
