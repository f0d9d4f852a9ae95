import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import test from 'node:test';
import { importCircles, importsOf, packageOf, reachableFrom } from '../support/imports.ts';
import { manifest, projectFiles, projectText } from '../support/project.ts';

/** Bottom up. A folder may import from its own row and from the rows below. */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['gvariant'],
  ['ostree'],
  ['oci', 'packages', 'tar', 'native'],
  ['fsck', 'container', 'delta', 'mirror', 'signing', 'snapshot'],
  ['server'],
  ['cli', 'library'],
];
const SOURCES = projectFiles('src/**/*.ts');

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** Every import from one folder of src/ into another. */
function crossings() {
  return SOURCES.flatMap((path) =>
    importsOf(path).flatMap((imported) => {
      const [from, to] = [folderOf(path), folderOf(imported)];
      return from === undefined || to === undefined || from === to ? [] : [{ path, imported, from, to }];
    }),
  );
}

test('the layers name every folder of src/ and no other', () => {
  const folders = new Set(SOURCES.flatMap((path) => folderOf(path) ?? []));
  assert.deepEqual(LAYERS.flat().toSorted(), [...folders].toSorted());
});

test('modules do not import one another in a circle', () => {
  assert.deepEqual(importCircles(SOURCES), []);
});

test('no import points upwards', () => {
  const upwards = crossings().filter(({ from, to }) => layerOf(to) > layerOf(from));
  assert.deepEqual(
    upwards.map(({ path, imported }) => `${path} imports ${imported}`),
    [],
  );
});

test('folders of one row do not import each other in a circle', () => {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of crossings()) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  const leadsTo = (from: string, goal: string, seen: Set<string>): boolean =>
    [...(edges.get(from) ?? [])].some((next) => {
      if (next === goal) return true;
      if (seen.has(next)) return false;
      return leadsTo(next, goal, seen.add(next));
    });
  assert.deepEqual(
    [...edges.keys()].filter((folder) => leadsTo(folder, folder, new Set())),
    [],
  );
});

test('only native/ calls foreign functions', () => {
  const callers = SOURCES.filter((path) =>
    importsOf(path).some((specifier) => packageOf(specifier) === 'koffi'),
  );
  assert.deepEqual(
    callers.filter((path) => folderOf(path) !== 'native'),
    [],
  );
});

test('what reads repositories opens their files beneath a root only', () => {
  const readers = SOURCES.filter((path) => /^src\/(?:ostree|packages|fsck|tar)\//.test(path));
  const opening =
    /\b(?:openSync|open|readFile|readFileSync|createReadStream|readlink|readlinkSync|opendir)\b/;
  const openers = readers.filter((path) => {
    const imports = [...projectText(path).matchAll(/^import ([^;]+) from 'node:fs(?:\/promises)?';$/gm)];
    return imports.some(([, names = '']) => opening.test(names));
  });
  assert.deepEqual(openers, []);
});

test('the server and the program in mirror images lead to no foreign function', () => {
  const entries = SOURCES.filter((path) => path.startsWith('src/server/') || path === 'src/runtime-app.ts');
  for (const entry of entries) {
    const foreign = [...reachableFrom(entry)].filter((path) => folderOf(path) === 'native');
    assert.deepEqual(foreign, [], entry);
  }
});

test('the library does not lead to the command line', () => {
  assert.deepEqual(
    [...reachableFrom('src/index.ts')].filter((path) => folderOf(path) === 'cli'),
    [],
  );
});

test('each part of the library loads what it needs only', () => {
  for (const entry of projectFiles('src/library/*.ts').filter((path) => !path.endsWith('/server.ts')))
    assert.equal(reachableFrom(entry).has('fastify'), false, entry);
  const server = reachableFrom('src/library/server.ts');
  assert.deepEqual(
    [...server].filter((path) => folderOf(path) === 'native'),
    [],
  );
});

test('src/ uses every dependency of package.json and no other package', () => {
  const used = new Set(
    SOURCES.flatMap((path) => importsOf(path).flatMap((specifier) => packageOf(specifier) ?? [])),
  );
  assert.deepEqual([...used].toSorted(), Object.keys(manifest().dependencies).toSorted());
});

test('every dependency is justified in docs/decisions', () => {
  const manifests = ['.', ...projectFiles('packages/*/package.json').map(dirname)].map(manifest);
  const decisions = projectFiles('docs/decisions/*.md').map(projectText).join('\n');
  const names = manifests.flatMap(({ dependencies, optionalDependencies, devDependencies }) =>
    Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }),
  );
  assert.deepEqual(
    names.filter((name) => !decisions.includes(`\`${name}\``)),
    [],
  );
});
