/**
 * GKeyFile texts, the format of a repository's `config`: `[group]` lines, `key=value` lines, `#` comments.
 * Values are kept raw except for the escapes of strings (`\s \n \t \r \\`).
 */

export type Keyfile = ReadonlyMap<string, ReadonlyMap<string, string>>;

export type KeyfileFault = { readonly line: number; readonly what: string };

/** Parses a key file; returns the error with its line number if it is invalid. */
export function parseKeyfile(text: string): Keyfile | KeyfileFault {
  const groups = new Map<string, Map<string, string>>();
  let group: Map<string, string> | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const header = /^\[([^[\]]+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      group = groups.get(header) ?? new Map();
      groups.set(header, group);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals <= 0) return { line: index + 1, what: 'neither a [group] nor a key=value line' };
    if (group === undefined) return { line: index + 1, what: 'a key before the first [group]' };
    group.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return groups;
}

export function isKeyfileFault(result: Keyfile | KeyfileFault): result is KeyfileFault {
  return 'line' in result;
}

/** The string under a key, unescaped. */
export function keyfileString(keyfile: Keyfile, group: string, key: string): string | undefined {
  const raw = keyfile.get(group)?.get(key);
  return raw?.replaceAll(/\\([sntr\\])/g, unescapeOne);
}

/** The strings of a list, unescaped. A trailing separator is allowed; `\\;` is an escaped one. */
export function keyfileList(
  keyfile: Keyfile,
  group: string,
  key: string,
  separators = ';',
): readonly string[] | undefined {
  const raw = keyfile.get(group)?.get(key);
  if (raw === undefined) return undefined;
  const items = [...raw.matchAll(new RegExp(`(?:\\\\.|[^\\\\${separators}])+`, 'g'))];
  return items
    .map(([item]) => item.trim().replaceAll(/\\([sntr\\;,])/g, unescapeOne))
    .filter((item) => item !== '');
}

export function keyfileBoolean(keyfile: Keyfile, group: string, key: string): boolean | undefined {
  const raw = keyfile.get(group)?.get(key);
  if (raw === undefined) return undefined;
  return raw === 'true' || raw === '1';
}

const ESCAPES: Readonly<Record<string, string>> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' };

function unescapeOne(_: string, char: string): string {
  return ESCAPES[char] ?? char;
}
