/**
 * flatpak's own test suites, of Debian's package flatpak-tests, with repositories that treeport serves in
 * place of their web server. TREEPORT_FLATPAK_SUITES=all runs those that take minutes as well.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { run } from './support/run.ts';
import { shared, tempDir } from './support/scratch.ts';

const skip =
  unlessRoot() || unlessInstalled('flatpak', 'ostree', 'gpg', 'apt-get', 'dpkg-deb', 'dbus-daemon');
const SHORT = ['test-subset@user.wrap', 'test-build-update-repo.sh'];
const LONG = [
  'test-repo@user.wrap',
  'test-sideload@user.wrap',
  'test-summaries@user.wrap',
  'test-update-remote-configuration@user,newsummary.wrap',
];
const WEB_SERVER = join(ROOT, 'test/e2e/support/flatpak-web-server.ts');

type Suites = { readonly path: string } | { readonly obstacle: string };

/** The folder of the suites, with the web server replaced. */
function suites(): Promise<Suites> {
  return shared<Suites>('flatpak-suites', async (folder) => {
    const got = await run(['apt-get', 'download', 'flatpak-tests'], { cwd: folder });
    if (got.status !== 0) return { obstacle: `apt-get cannot download flatpak-tests: ${got.stderr.trim()}` };
    const unpacked = await run(['sh', '-c', 'dpkg-deb --extract flatpak-tests_*.deb root'], { cwd: folder });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    const path = join(folder, 'suites');
    cpSync(join(folder, 'root/usr/libexec/installed-tests/Flatpak'), path, { recursive: true });
    const server = join(path, 'web-server.py');
    writeFileSync(server, `#!/bin/sh\nexec ${process.execPath} ${WEB_SERVER} "$@"\n`);
    chmodSync(server, 0o755);
    emptyInsteadOfGone(join(path, 'test-sideload.sh'));
    // The suites put it into a runtime, and only those of portals start it.
    mkdirSync(join(path, 'bin'));
    copyFileSync('/usr/bin/true', join(path, 'bin/socat'));
    return { path };
  });
}

/**
 * The suite moves the objects of the repository away and wants 404 for them. Our server answers 500 then,
 * because a repository without `objects` is broken (docs/decisions/0078-following-the-repository.md); it
 * answers 404 if the directory is empty.
 */
function emptyInsteadOfGone(script: string): void {
  const text = readFileSync(script, 'utf8');
  const away = 'mv repos/test/objects repos/test/objects.disabled';
  const back = 'mv repos/test/objects.disabled repos/test/objects';
  assert.ok(text.includes(away) && text.includes(back));
  const adapted = text
    .replace(away, `${away}; mkdir repos/test/objects`)
    .replace(back, `rmdir repos/test/objects; ${back}`);
  writeFileSync(script, adapted);
}

for (const suite of process.env.TREEPORT_FLATPAK_SUITES === 'all' ? [...SHORT, ...LONG] : SHORT) {
  test(`flatpak's suite ${suite}`, { skip, timeout: 600_000 }, async (t) => {
    const found = await suites();
    if ('obstacle' in found) return t.skip(found.obstacle);
    const { path } = found;
    const env = {
      PATH: `${path}/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      G_TEST_SRCDIR: path,
      G_TEST_BUILDDIR: path,
    };
    const wrapper = suite.endsWith('.wrap') ? [join(path, 'test-wrapper.sh')] : [];
    const words = ['bash', ...wrapper, join(path, suite), '--tap'];
    const { status, stdout, stderr } = await run(words, { cwd: await tempDir(t), env, timeout: 500_000 });
    const passed = stdout.split('\n').filter((line) => line.startsWith('ok '));
    const [, planned] = /^1\.\.(\d+)$/m.exec(stdout) ?? [];
    assert.deepEqual([status, passed.length], [0, Number(planned)], (stdout + stderr).slice(-3000));
  });
}
