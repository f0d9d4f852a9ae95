/** A publisher's repository of flatpaks that is served, and a user who has it as the remote `mirror`. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startRecordingProxy } from '../../support/recording-proxy.ts';
import { flatpakOf } from './flatpak.ts';
import { type FlatpakShop, flatpakShop } from './flatpak-shop.ts';
import { type GpgKey, makeGpgKey } from './gpg.ts';
import { tempDir } from './scratch.ts';
import { serve } from './serve.ts';

export type ServedShop = FlatpakShop & {
  /** Signs commits and summaries. */
  readonly key: GpgKey;
  /** Runs the user's flatpak, whose files are in `user/flatpak` below the folder. */
  readonly flatpak: (...words: readonly string[]) => Promise<string>;
  /** The paths of the server's answers with status 200. */
  readonly paths: string[];
};

export async function servedShop(t: TestContext): Promise<ServedShop> {
  const folder = await tempDir(t);
  const key = await makeGpgKey(folder);
  const shop = await flatpakShop(folder, { key });
  const { origin: served } = await serve(t, shop.path);
  const { origin, paths } = await startRecordingProxy(t, served);
  const flatpak = await flatpakOf(join(folder, 'user'));
  await flatpak('remote-add', `--gpg-import=${key.publicKey}`, 'mirror', `${origin}/repo`);
  return { ...shop, key, flatpak, paths };
}
