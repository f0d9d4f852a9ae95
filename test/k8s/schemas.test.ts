/**
 * The manifests are checked against the schemas of Kubernetes and its Gateway API: values by the validators
 * of kubernetes-models, names by its types, because the API server drops fields that it does not know.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectFiles, ROOT } from '../support/project.ts';
import { at, yamlDocuments } from '../support/yaml.ts';

const FOLDER = join(ROOT, 'test/kubernetes');
const skip = existsSync(join(FOLDER, 'node_modules')) ? false : 'npm test installs the schemas';

type Manifest = {
  readonly path: string;
  readonly kind: string;
  readonly module: string;
  readonly document: unknown;
};

/** kustomization.yaml is kustomize's own, and no object of a cluster. */
const MANIFESTS = projectFiles('{k8s,deploy}/**/*.yaml')
  .filter((path) => !/\/(?:kustomization|compose)\.yaml$/.test(path))
  .flatMap((path) => yamlDocuments(path).map((document) => manifest(path, document)));

function manifest(path: string, document: unknown): Manifest {
  const version = String(at(document, 'apiVersion'));
  const base = version.startsWith('gateway.') ? '@kubernetes-models/gateway-api' : 'kubernetes-models';
  return { path, document, kind: String(at(document, 'kind')), module: `${base}/${version}` };
}

type Model = new (document: unknown) => { validate(): void };

async function modelOf({ module, kind }: Manifest): Promise<Model> {
  const file = `${join(FOLDER, 'node_modules', module)}/index.js`;
  const { default: models } = (await import(pathToFileURL(file).href)) as { default: Record<string, Model> };
  return models[kind] ?? assert.fail(`${module} has no ${kind}`);
}

test('there is something to check', () => {
  const kinds = new Set(MANIFESTS.map(({ kind }) => kind));
  for (const kind of ['Deployment', 'Service', 'Ingress', 'HTTPRoute', 'NetworkPolicy', 'CronJob'])
    assert.ok(kinds.has(kind), kind);
});

test('every manifest has values that the API accepts', { skip }, async () => {
  for (const each of MANIFESTS) {
    // A patch need not be whole.
    if (each.path.includes('components/cache/')) continue;
    const Kind = await modelOf(each);
    assert.doesNotThrow(() => new Kind(each.document).validate(), each.path);
  }
});

/** What the compiler says of these documents as literals of the types of their kinds. */
function compiled(t: TestContext, manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(join(FOLDER, 'node_modules/.checked-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'manifests.ts');
  const lines = manifests.map(
    ({ kind, module, document }, index) =>
      `import type { I${kind} as T${index} } from '${module}';\nexport const m${index}: Part<T${index}> = ${JSON.stringify(document)};\n`,
  );
  // A patch is a part of a manifest.
  const part = 'type Part<T> = T extends object ? { [Key in keyof T]?: Part<T[Key]> } : T;\n';
  writeFileSync(file, part + lines.join(''));
  const options = [
    '--noEmit',
    '--skipLibCheck',
    '--strict',
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
  ];
  const { stdout } = spawnSync('tsc', [...options, '--types', '', '--ignoreConfig', file], {
    encoding: 'utf8',
    cwd: folder,
  });
  return stdout;
}

test('every manifest has fields that the API knows', { skip }, (t) => {
  assert.equal(compiled(t, MANIFESTS), '');
  const [first] = MANIFESTS;
  assert.ok(first !== undefined);
  const misspelt = { ...first, document: { ...(first.document as object), specc: {} } };
  assert.match(compiled(t, [misspelt]), /"specc"' does not exist/);
});
