/**
 * The files of deploy/ start the mirror with the same privileges as k8s/, and with files that the runtime
 * has.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Command } from 'commander';
import { addDeltaMaintain } from '../../src/cli/delta-maintain.ts';
import { readPolicyFile } from '../../src/delta/maintain/policy.ts';
import { MIRROR_PORT, MIRROR_USER, runtimeCommand } from '../../src/mirror/layout.ts';
import { isKeyfileFault, keyfileString, parseKeyfile } from '../../src/ostree/keyfile.ts';
import { FINISH_SECONDS, IMAGE_DRAIN_DELAY_SECONDS } from '../../src/server/shutdown.ts';
import { GRACE_SECONDS } from '../support/grace.ts';
import { projectText, ROOT } from '../support/project.ts';
import { at, yamlDocuments } from '../support/yaml.ts';

test('play-kube.yaml is the Deployment of k8s/ with a port of the host and without probes', () => {
  const [base] = yamlDocuments('k8s/base/deployment.yaml');
  const container = at(base, 'spec', 'template', 'spec', 'containers', 0) as Record<string, unknown>;
  delete container.readinessProbe;
  delete container.livenessProbe;
  container.image = 'localhost/treeport-mirror:latest';
  const port = at(container, 'ports', 0) as Record<string, unknown>;
  port.hostPort = MIRROR_PORT;
  assert.deepEqual(yamlDocuments('deploy/play-kube.yaml'), [base]);
});

test('compose.yaml takes every right away', () => {
  const [compose] = yamlDocuments('deploy/compose.yaml');
  const mirror = at(compose, 'services', 'mirror');
  assert.equal(at(mirror, 'user'), MIRROR_USER);
  assert.equal(at(mirror, 'read_only'), true);
  assert.deepEqual(at(mirror, 'cap_drop'), ['ALL']);
  assert.deepEqual(at(mirror, 'security_opt'), ['no-new-privileges:true']);
  assert.deepEqual(at(mirror, 'ports'), [`8080:${MIRROR_PORT}`]);
  assert.equal(at(mirror, 'stop_grace_period'), `${GRACE_SECONDS}s`);
});

test('compose.yaml checks health with the program that the image has', () => {
  const [compose] = yamlDocuments('deploy/compose.yaml');
  const command = at(compose, 'services', 'mirror', 'healthcheck', 'test');
  assert.deepEqual(command, ['CMD', ...runtimeCommand('check')]);
});

test('the quadlet takes every right away', () => {
  const unit = parseKeyfile(projectText('deploy/treeport-mirror.container'));
  assert.ok(!isKeyfileFault(unit));
  const container = (key: string) => keyfileString(unit, 'Container', key);
  assert.equal(container('ReadOnly'), 'true');
  assert.equal(container('NoNewPrivileges'), 'true');
  assert.equal(container('DropCapability'), 'all');
  assert.equal(container('Notify'), 'false');
  assert.equal(container('PublishPort'), `8080:${MIRROR_PORT}`);
  assert.equal(`${container('User')}:${container('Group')}`, MIRROR_USER);
  const stopTimeout = Number(/--stop-timeout=(\d+)/.exec(container('PodmanArgs') ?? '')?.[1]);
  assert.equal(stopTimeout, GRACE_SECONDS);
  assert.ok(Number(keyfileString(unit, 'Service', 'TimeoutStopSec')) > stopTimeout);
  assert.equal(keyfileString(unit, 'Service', 'Restart'), 'always');
});

test('the timer starts the quadlet of deltas, which has the repository and nothing else', () => {
  const unit = parseKeyfile(projectText('deploy/treeport-deltas.container'));
  const timer = parseKeyfile(projectText('deploy/treeport-deltas.timer'));
  assert.ok(!isKeyfileFault(unit) && !isKeyfileFault(timer));
  const container = (key: string) => keyfileString(unit, 'Container', key);
  assert.equal(container('ReadOnly'), 'true');
  assert.equal(container('NoNewPrivileges'), 'true');
  assert.equal(container('DropCapability'), 'all');
  assert.equal(container('Network'), 'none');
  assert.equal(keyfileString(unit, 'Service', 'Type'), 'oneshot');
  // Without Unit= a timer starts the service of its own name, which quadlet makes of the .container file.
  assert.equal(keyfileString(timer, 'Timer', 'Unit'), undefined);
  assert.ok(keyfileString(timer, 'Timer', 'OnCalendar'));
});

test('treeport accepts what the quadlet of deltas executes, and the policy', async () => {
  const unit = parseKeyfile(projectText('deploy/treeport-deltas.container'));
  assert.ok(!isKeyfileFault(unit));
  const [group, ...words] = keyfileString(unit, 'Container', 'Exec')?.split(' ') ?? [];
  assert.equal(group, 'delta');
  const command = new Command();
  addDeltaMaintain(command);
  const [maintain] = command.commands;
  assert.ok(maintain !== undefined);
  const used = Promise.withResolvers<unknown>();
  maintain.action(used.resolve);
  await command.parseAsync(words, { from: 'user' });
  const options = (await used.promise) as { readonly repo: string; readonly policy: string };
  const volumes = projectText('deploy/treeport-deltas.container').match(/(?<=^Volume=).*$/gm);
  assert.deepEqual(volumes, [`${options.repo}:${options.repo}`, `${options.policy}:${options.policy}:ro`]);
  const policy = readPolicyFile(join(ROOT, 'deploy/treeport-deltas.conf'));
  assert.ok(policy.grace > 0);
});

test('treeport.Containerfile installs a package that is packed, on a system that it is for', () => {
  const lines = projectText('deploy/treeport.Containerfile');
  assert.match(lines, /npm run package -- --only deb/);
  // The builder sets the architecture by Go's name, and so does the name of the file.
  assert.match(lines, /apt-get install .* \/packages\/treeport_\*_\$\{TARGETARCH\}\.deb/);
  assert.match(lines, /^ARG TARGETARCH$/m);
  assert.match(
    projectText('scripts/pack-debian.ts'),
    /_\$\{VERSION\}_\$\{goArchitecture\(fields\.architecture\)\}\.deb`/,
  );
});

test('the server ends within the time that it is given, and the documents say the same numbers', () => {
  const most = IMAGE_DRAIN_DELAY_SECONDS + FINISH_SECONDS;
  assert.ok(most < GRACE_SECONDS);
  const sentence = `${IMAGE_DRAIN_DELAY_SECONDS} seconds.*${FINISH_SECONDS} seconds`;
  const files = ['k8s/base/deployment.yaml', 'deploy/compose.yaml', 'deploy/treeport-mirror.container'];
  for (const path of [...files, 'k8s/README.md', 'docs/operations/run.md']) {
    assert.match(projectText(path), new RegExp(sentence, 's'), path);
  }
  assert.ok(projectText('docs/operations/run.md').includes(`That is ${most} seconds at most`));
  for (const path of ['docs/operations/run.md', 'deploy/README.md', 'deploy/treeport-mirror.container']) {
    const given = [...projectText(path).matchAll(/(?:--stop-timeout=|GracePeriodSeconds: )(\d+)/g)];
    assert.ok(given.length > 0 && given.every(([, seconds]) => Number(seconds) === GRACE_SECONDS), path);
  }
});
