/**
 * A repository as an application's publisher makes it with flatpak's tools: two apps with names and icons, of
 * which one is in the subset `free`, their runtime and its locale extension, and appstream branches.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { flatpakEnvironment } from './flatpak.ts';
import type { GpgKey } from './gpg.ts';
import { must } from './run.ts';

export type FlatpakShop = {
  readonly folder: string;
  readonly path: string;
  readonly arch: string;
  readonly apps: { readonly free: string; readonly other: string };
  readonly runtime: string;
  readonly locale: string;
  /** Exports a changed version of the free app; `updateRepo` announces it. */
  release(text: string): Promise<void>;
  /** Runs `flatpak build-update-repo`. */
  updateRepo(...words: readonly string[]): Promise<void>;
};

export type FlatpakShopOptions = {
  /** Signs commits and summaries. */
  readonly key?: GpgKey;
  readonly collection?: string;
};

/** A square of 64 × 64 pixels, which flatpak demands of icons. */
const ICON = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsCtlQ6MaxAi+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgu+ndF4DNDj1wAAAABJRU5ErkJggg==',
  'base64',
);

export async function flatpakShop(
  folder: string,
  { key, collection }: FlatpakShopOptions = {},
): Promise<FlatpakShop> {
  const arch = await must(['flatpak', '--default-arch']);
  const path = join(folder, 'shop');
  const at = (name: string) => join(folder, `build-${name}`);
  const signing = key === undefined ? [] : [`--gpg-sign=${key.id}`, `--gpg-homedir=${key.home}`];
  const bound = collection === undefined ? [] : [`--collection-id=${collection}`];
  const build = (...words: readonly string[]) =>
    must(['flatpak', 'build-export', '--disable-sandbox', ...signing, ...bound, ...words]);

  const platform = `org.example.Platform/${arch}/1`;
  await mkdir(join(at('runtime'), 'usr/bin'), { recursive: true });
  await mkdir(join(at('runtime'), 'files'), { recursive: true });
  await writeFile(join(at('runtime'), 'usr/bin/tool'), 'a tool\n');
  await writeFile(
    join(at('runtime'), 'metadata'),
    `[Runtime]\nname=org.example.Platform\nruntime=${platform}\nsdk=${platform}\n\n` +
      '[Extension org.example.Platform.Locale]\ndirectory=share/runtime/locale\nautodelete=true\n',
  );
  await build('--runtime', '--subset=free', path, at('runtime'), '1');
  await mkdir(join(at('locale'), 'files/de'), { recursive: true });
  await writeFile(join(at('locale'), 'files/de/words'), 'Hallo\n');
  await writeFile(
    join(at('locale'), 'metadata'),
    `[Runtime]\nname=org.example.Platform.Locale\n\n[ExtensionOf]\nref=runtime/${platform}\n`,
  );
  await build('--runtime', '--files=files', '--subset=free', path, at('locale'), '1');
  // flatpak build-init wants the runtime installed.
  await must(['flatpak', 'build-update-repo', ...signing, path]);
  const env = await flatpakEnvironment(join(folder, 'builder'));
  const builder = (...words: readonly string[]) => must(['flatpak', ...words], { env });
  await builder('remote-add', '--user', '--no-gpg-verify', 'shop', path);
  await builder(
    'install',
    '--user',
    '--noninteractive',
    '--assumeyes',
    '--no-related',
    'shop',
    `runtime/${platform}`,
  );
  const app = async (id: string, name: string, ...words: readonly string[]) => {
    const directory = at(id);
    await builder('build-init', directory, id, 'org.example.Platform', 'org.example.Platform', '1');
    await mkdir(join(directory, 'files/bin'), { recursive: true });
    await writeFile(join(directory, 'files/bin/hello'), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 });
    await describe(directory, id, name);
    await builder('build-finish', '--command=hello', directory);
    await build(...words, path, directory, 'stable');
  };
  await app('org.example.Free', 'Free', '--subset=free', '--end-of-life=It ends');
  await app('org.example.Other', 'Other & more');
  const updateRepo = async (...words: readonly string[]) => {
    await must(['flatpak', 'build-update-repo', ...signing, ...words, path]);
  };
  await updateRepo('--title=The Example Shop', '--comment=Two apps', ...bound);
  return {
    folder,
    path,
    arch,
    apps: { free: `app/org.example.Free/${arch}/stable`, other: `app/org.example.Other/${arch}/stable` },
    runtime: `runtime/${platform}`,
    locale: `runtime/org.example.Platform.Locale/${arch}/1`,
    updateRepo,
    async release(text) {
      const program = join(at('org.example.Free'), 'files/bin/hello');
      await writeFile(program, `${await readFile(program, 'utf8')}echo ${text}\n`, { mode: 0o755 });
      await build('--subset=free', path, at('org.example.Free'), 'stable');
    },
  };
}

/** What software centres show of the app: its desktop file, its icon and its appstream description. */
async function describe(directory: string, id: string, name: string): Promise<void> {
  const files = join(directory, 'files/share');
  for (const sub of [
    'applications',
    'icons/hicolor/64x64/apps',
    'app-info/xmls',
    'app-info/icons/flatpak/64x64',
  ])
    await mkdir(join(files, sub), { recursive: true });
  await writeFile(
    join(files, `applications/${id}.desktop`),
    `[Desktop Entry]\nType=Application\nName=${name}\nExec=hello\nIcon=${id}\n`,
  );
  await writeFile(join(files, `icons/hicolor/64x64/apps/${id}.png`), ICON);
  await writeFile(join(files, `app-info/icons/flatpak/64x64/${id}.png`), ICON);
  const component =
    `<component type="desktop"><id>${id}.desktop</id><name>${name.replace('&', '&amp;')}</name>` +
    `<summary>An example</summary><icon type="cached" width="64" height="64">${id}.png</icon></component>`;
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<components version="0.8">${component}</components>\n`;
  await writeFile(join(files, `app-info/xmls/${id}.xml.gz`), gzipSync(xml));
}
