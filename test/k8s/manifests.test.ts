/** The manifests of k8s/ parse, lock the mirror down, fit together, and name existing files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { MIRROR_PORT } from '../../src/mirror/layout.ts';
import { isKeyfileFault, keyfileString, parseKeyfile } from '../../src/ostree/keyfile.ts';
import { GRACE_SECONDS } from '../support/grace.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectFiles, projectText, ROOT } from '../support/project.ts';
import { at, yamlDocuments } from '../support/yaml.ts';

const FILES = projectFiles('k8s/**/*.yaml');
const KUSTOMIZATIONS = FILES.filter((path) => path.endsWith('/kustomization.yaml'));
const [DEPLOYMENT] = yamlDocuments('k8s/base/deployment.yaml');
const [SERVICE] = yamlDocuments('k8s/base/service.yaml');
const POD = at(DEPLOYMENT, 'spec', 'template', 'spec');
const CONTAINER = at(POD, 'containers', 0);

/** The files and folders that a kustomization names, as paths below the project's folder. */
function namedBy(path: string): string[] {
  const [document] = yamlDocuments(path);
  const lists = [at(document, 'resources'), at(document, 'components')] as (string[] | undefined)[];
  const patches = (at(document, 'patches') as { path: string }[] | undefined) ?? [];
  const names = [...lists.flatMap((list) => list ?? []), ...patches.map((patch) => patch.path)];
  return names.map((name) => normalize(join(dirname(path), name)));
}

test('every file is YAML with a kind', () => {
  for (const path of FILES) {
    for (const document of yamlDocuments(path)) {
      assert.equal(typeof at(document, 'kind'), 'string', path);
      assert.equal(typeof at(document, 'apiVersion'), 'string', path);
    }
  }
});

test('a kustomization names every manifest, and nothing that is not there', () => {
  const named = new Set(KUSTOMIZATIONS.flatMap(namedBy));
  for (const path of FILES.filter((file) => !KUSTOMIZATIONS.includes(file))) {
    assert.ok(named.has(path), `${path} is in no kustomization`);
  }
  for (const path of named) {
    assert.ok(FILES.includes(path) || FILES.includes(join(path, 'kustomization.yaml')), path);
  }
});

test('the container has no right that a cluster could deny it', () => {
  assert.equal(at(POD, 'automountServiceAccountToken'), false);
  assert.deepEqual(at(POD, 'securityContext'), {
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  assert.deepEqual(at(CONTAINER, 'securityContext'), {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    privileged: false,
    capabilities: { drop: ['ALL'] },
  });
  assert.equal(at(POD, 'volumes'), undefined);
  for (const right of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(at(POD, right), undefined);
});

test('the container has requests, and a limit of memory', () => {
  assert.match(String(at(CONTAINER, 'resources', 'requests', 'memory')), /^\d+Mi$/);
  assert.match(String(at(CONTAINER, 'resources', 'requests', 'cpu')), /^\d+m$/);
  assert.match(String(at(CONTAINER, 'resources', 'limits', 'memory')), /^\d+Mi$/);
});

test('probes ask the paths and the port that the server has', () => {
  assert.deepEqual(at(CONTAINER, 'readinessProbe', 'httpGet'), { path: '/readyz', port: MIRROR_PORT });
  assert.deepEqual(at(CONTAINER, 'livenessProbe', 'httpGet'), { path: '/healthz', port: MIRROR_PORT });
  assert.equal(at(CONTAINER, 'ports', 0, 'containerPort'), MIRROR_PORT);
});

test('the pod is given the time to end that deploy/ and the documents give', () => {
  assert.equal(at(POD, 'terminationGracePeriodSeconds'), GRACE_SECONDS);
});

test('the Service leads from port 80 to the pods of the Deployment', () => {
  const labels = at(DEPLOYMENT, 'spec', 'template', 'metadata', 'labels');
  assert.deepEqual(at(SERVICE, 'spec', 'selector'), labels);
  assert.deepEqual(at(DEPLOYMENT, 'spec', 'selector', 'matchLabels'), labels);
  assert.equal(at(SERVICE, 'spec', 'ports', 0, 'port'), 80);
  assert.equal(at(SERVICE, 'spec', 'ports', 0, 'targetPort'), MIRROR_PORT);
});

test('the policy of the network is about the same pods', () => {
  const [policy] = yamlDocuments('k8s/components/network-policy/network-policy.yaml');
  assert.deepEqual(at(policy, 'spec', 'podSelector', 'matchLabels'), at(SERVICE, 'spec', 'selector'));
  assert.equal(at(policy, 'spec', 'ingress', 0, 'ports', 0, 'port'), MIRROR_PORT);
  assert.deepEqual(at(policy, 'spec', 'egress'), []);
});

test('the Ingress leads to the Service', () => {
  const [ingress] = yamlDocuments('k8s/components/ingress/ingress.yaml');
  const backend = at(ingress, 'spec', 'rules', 0, 'http', 'paths', 0, 'backend', 'service');
  assert.equal(at(backend, 'name'), at(SERVICE, 'metadata', 'name'));
  assert.equal(at(backend, 'port', 'name'), at(SERVICE, 'spec', 'ports', 0, 'name'));
});

test('the HTTPRoute leads to the Service, for the host of the Ingress', () => {
  const [route] = yamlDocuments('k8s/components/http-route/http-route.yaml');
  const [ingress] = yamlDocuments('k8s/components/ingress/ingress.yaml');
  assert.deepEqual(at(route, 'spec', 'rules', 0, 'backendRefs'), [
    { name: at(SERVICE, 'metadata', 'name'), port: at(SERVICE, 'spec', 'ports', 0, 'port') },
  ]);
  assert.deepEqual(at(route, 'spec', 'hostnames'), [at(ingress, 'spec', 'rules', 0, 'host')]);
  assert.equal(at(ingress, 'spec', 'ingressClassName'), 'nginx');
});

for (const path of KUSTOMIZATIONS.filter((file) => !/\/(components|deltas)\//.test(file))) {
  const folder = dirname(path);
  test(`kubectl kustomize ${folder}`, { skip: unlessInstalled('kubectl') }, () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(ROOT, folder)], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^kind: Deployment$/m);
    assert.match(stdout, /^kind: Service$/m);
    assert.match(stdout, /image: treeport-mirror:write-your-image-into-k8s-base-image.env$/m);
    assert.doesNotMatch(stdout, /^kind: ConfigMap$/m);
  });
}

test('the CronJob maintains deltas with the rights of the mirror and a writable volume', () => {
  const [job] = yamlDocuments('k8s/deltas/cronjob.yaml');
  const pod = at(job, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  const container = at(pod, 'containers', 0);
  for (const key of ['automountServiceAccountToken', 'enableServiceLinks', 'securityContext'])
    assert.deepEqual(at(pod, key), at(POD, key));
  assert.deepEqual(at(container, 'securityContext'), at(CONTAINER, 'securityContext'));
  assert.equal(at(job, 'spec', 'concurrencyPolicy'), 'Forbid');
  const mounts = at(container, 'volumeMounts') as { name: string; mountPath: string; readOnly?: boolean }[];
  assert.deepEqual(
    mounts.map(({ mountPath, readOnly }) => [mountPath, readOnly]),
    [
      ['/srv/repo', undefined],
      ['/etc/treeport', true],
    ],
  );
  const unit = parseKeyfile(projectText('deploy/treeport-deltas.container'));
  assert.ok(!isKeyfileFault(unit));
  const words = at(container, 'args') as string[];
  assert.equal(words.join(' '), keyfileString(unit, 'Container', 'Exec'));
});

test('kubectl kustomize k8s/deltas', { skip: unlessInstalled('kubectl') }, () => {
  const built = builtBy(['kubectl', 'kustomize', 'k8s/deltas'], ROOT);
  const pod = at(ofKind('CronJob', built), 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  assert.equal(at(pod, 'containers', 0, 'image'), 'registry.example.com/treeport:1');
  const policy = ofKind('ConfigMap', built);
  assert.equal(at(pod, 'volumes', 1, 'configMap', 'name'), at(policy, 'metadata', 'name'));
  assert.equal(at(policy, 'data', 'deltas.conf'), projectText('deploy/treeport-deltas.conf'));
});

/** A folder with a copy of k8s/. */
function copyOfManifests(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-k8s-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(ROOT, 'k8s'), join(folder, 'k8s'), { recursive: true });
  return folder;
}

function builtBy(words: readonly string[], cwd: string): readonly unknown[] {
  const [program = '', ...rest] = words;
  const { status, stdout, stderr } = spawnSync(program, rest, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const ofKind = (kind: string, documents: readonly unknown[]) =>
  documents.find((document) => at(document, 'kind') === kind);

test("the README's first lines deploy the image that they name", {
  skip: unlessInstalled('kubectl'),
}, (t) => {
  const [, lines = ''] = /```sh\n(.*?)```/s.exec(projectText('k8s/README.md')) ?? [];
  assert.match(lines, /^kubectl apply -k k8s\/base$/m);
  // Builds the documents instead of applying them, because there is no cluster here.
  const script = lines.replace('kubectl apply -k', 'kubectl kustomize');
  const built = builtBy(['sh', '-ec', script], copyOfManifests(t));
  const image = at(ofKind('Deployment', built), 'spec', 'template', 'spec', 'containers', 0, 'image');
  assert.equal(image, 'registry.example.com/os/mirror:1');
});

test('two mirrors in one namespace select their own pods only', { skip: unlessInstalled('kubectl') }, (t) => {
  const folder = copyOfManifests(t);
  const [stable, testing] = ['stable', 'testing'].map((name) => {
    const [, example = ''] = /```yaml\n(namePrefix.*?)```/s.exec(projectText('k8s/README.md')) ?? [];
    const components = ['cache', 'ingress', 'network-policy'].map((part) => `  - ../k8s/components/${part}`);
    const lines = ['resources:', '  - ../k8s/base', 'components:', ...components];
    mkdirSync(join(folder, name));
    const kustomization = `${example.replaceAll('stable', name)}${lines.join('\n')}\n`;
    writeFileSync(join(folder, name, 'kustomization.yaml'), kustomization);
    return builtBy(['kubectl', 'kustomize', name], folder);
  }) as [readonly unknown[], readonly unknown[]];
  for (const documents of [stable, testing]) {
    const pods = at(ofKind('Deployment', documents), 'spec', 'template', 'metadata', 'labels');
    const other = documents === stable ? testing : stable;
    const others = at(ofKind('Deployment', other), 'spec', 'template', 'metadata', 'labels');
    const selectors = [
      at(ofKind('Deployment', documents), 'spec', 'selector', 'matchLabels'),
      at(ofKind('Service', documents), 'spec', 'selector'),
      at(ofKind('NetworkPolicy', documents), 'spec', 'podSelector', 'matchLabels'),
    ];
    for (const selector of selectors) {
      assert.ok(selects(selector, pods), JSON.stringify(selector));
      assert.ok(!selects(selector, others), JSON.stringify(selector));
    }
    const backend = at(ofKind('Ingress', documents), 'spec', 'rules', 0, 'http', 'paths', 0, 'backend');
    assert.equal(at(backend, 'service', 'name'), at(ofKind('Service', documents), 'metadata', 'name'));
    for (const document of documents) {
      const label = at(document, 'metadata', 'labels', 'app.kubernetes.io/instance');
      assert.equal(label, documents === stable ? 'stable' : 'testing');
    }
  }
});

function selects(selector: unknown, labels: unknown): boolean {
  const entries = Object.entries(selector as object);
  return entries.length > 0 && entries.every(([key, value]) => at(labels, key) === value);
}
