/**
 * The keys that flatpak writes into summaries and indexes for clients, from the group `flatpak` of a
 * repository's config (flatpak 1.14, `add_summary_metadata` in common/flatpak-utils.c).
 */
import { type Variant, variant } from '../../gvariant/index.ts';
import { type Keyfile, keyfileBoolean, keyfileString } from '../keyfile.ts';
import { type MetadataDict, stringVariant } from '../metadata-dict.ts';

export const FLATPAK_GROUP = 'flatpak';
const REDIRECT = 'redirect-url';
const AUTHENTICATOR_OPTION = 'authenticator-options.';
/** Keys whose strings are announced as they are, before and after that of the collection. */
const TEXTS = ['title', 'comment', 'description', 'homepage', 'icon', REDIRECT, 'default-branch'];

/** Empty without such a group. */
export function repositoryKeys(config: Keyfile): MetadataDict {
  const group = config.get(FLATPAK_GROUP);
  const keys = new Map<string, Variant>();
  if (group === undefined) return keys;
  const add = (name: string) => {
    const text = keyfileString(config, FLATPAK_GROUP, name);
    if (text !== undefined) keys.set(`xa.${name}`, stringVariant(text));
  };
  TEXTS.forEach(add);
  for (const [key, value] of collectionKey(config)) keys.set(key, value);
  add('authenticator-name');
  const install = keyfileBoolean(config, FLATPAK_GROUP, 'authenticator-install');
  if (install !== undefined) keys.set('xa.authenticator-install', variant('b', install));
  for (const name of group.keys()) if (name.startsWith(AUTHENTICATOR_OPTION)) add(name);
  const trusted = keyfileString(config, FLATPAK_GROUP, 'gpg-keys');
  if (trusted !== undefined) keys.set('xa.gpg-keys', variant('ay', Buffer.from(trusted, 'base64')));
  return keys;
}

/**
 * The lines of the group that a mirror's config has. Without the address that clients are sent to, because
 * they would leave the mirror.
 */
export function flatpakConfigLines(config: Keyfile): readonly string[] {
  const group = config.get(FLATPAK_GROUP);
  if (group === undefined) return [];
  const lines = [...group].filter(([name]) => name !== REDIRECT).map(([name, raw]) => `${name}=${raw}`);
  return [`[${FLATPAK_GROUP}]`, ...lines];
}

/** Clients of flatpak 1.14 that have none for the remote take over the collection id. */
function collectionKey(config: Keyfile): MetadataDict {
  const id = keyfileString(config, 'core', 'collection-id');
  if (id === undefined) return new Map();
  if (keyfileBoolean(config, FLATPAK_GROUP, 'deploy-collection-id') === true)
    return new Map([['ostree.deploy-collection-id', stringVariant(id)]]);
  if (keyfileBoolean(config, FLATPAK_GROUP, 'deploy-sideload-collection-id') === true)
    return new Map([['xa.deploy-collection-id', stringVariant(id)]]);
  return new Map();
}
