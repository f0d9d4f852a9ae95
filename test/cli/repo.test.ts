import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { loosePath } from '../../src/ostree/object-name.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_DETACHED,
  FIXTURE_REF,
  fixtureObject,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');
const state = { repo: '' };

before(async () => {
  state.repo = await mkdtemp(join(tmpdir(), 'treeport-cli-repo-'));
  await writeOstreeFixture(state.repo, { detached: FIXTURE_DETACHED });
});
after(() => rm(state.repo, { recursive: true, force: true }));

function repo(verb: string, ...words: readonly string[]) {
  return spawnSync(process.execPath, [CLI, 'repo', verb, '--repo', state.repo, ...words], {
    encoding: 'utf8',
  });
}

function ostree(...words: readonly string[]): string {
  return spawnSync('ostree', [`--repo=${state.repo}`, ...words], { encoding: 'utf8' }).stdout;
}

const needsOstree = { skip: unlessInstalled('ostree') };

for (const options of [
  [],
  ['-R'],
  ['-d'],
  ['-C'],
  ['-X'],
  ['-R', '-C', '-X'],
  ['-R', '--nul-filenames-only'],
]) {
  test(`ls ${options.join(' ')} prints what ostree ls prints`, needsOstree, () => {
    for (const paths of [[], ['/usr'], ['/usr/bin', '/usr/etc'], ['usr/bin/sh'], ['/opt']]) {
      const expected = ostree('ls', ...options, FIXTURE_REF, ...paths);
      assert.notEqual(expected, '');
      assert.equal(repo('ls', ...options, FIXTURE_REF, ...paths).stdout, expected, paths.join(' '));
    }
  });
}

test('ls and cat name a path that is not there', () => {
  for (const verb of ['ls', 'cat']) {
    const result = repo(verb, FIXTURE_REF, '/usr/bin/nope');
    assert.equal(result.status, 1);
    assert.equal(
      result.stderr,
      'treeport: ERR_PATH_MISSING: no /usr/bin/nope in the commit: /usr/bin has no entry "nope"\n',
    );
  }
});

test('cat prints files one after the other, and neither directories nor symlinks', () => {
  assert.equal(
    repo('cat', FIXTURE_REF, '/usr/bin/bash', 'usr/etc/polkit.conf').stdout,
    'the-bash-shella-polkit-config',
  );
  assert.match(repo('cat', FIXTURE_REF, '/usr').stderr, /^treeport: ERR_PATH_MISSING: \/usr is a directory/);
  assert.match(repo('cat', FIXTURE_REF, '/usr/bin/sh').stderr, /is a symlink to bash/);
});

test('show prints checksums, date, version and both kinds of metadata', () => {
  const { stdout } = repo('show', FIXTURE_REF);
  assert.match(stdout, new RegExp(`^commit ${FIXTURE_COMMIT}\n`));
  assert.match(
    stdout,
    /^ContentChecksum: {2}bd3d13c3059e63e6f8a3d6d046923ded730d90bd7a055c9ad93312111ea7d395$/m,
  );
  assert.match(stdout, /^Date: {2}1997-08-29 18:30:42 \+0000$/m);
  assert.match(stdout, /^Version: 42\.0$/m);
  assert.match(stdout, /^ {4}ostree\.bootable: true$/m);
  assert.match(stdout, /^ {4}my-detached-key: 'my-detached-value'$/m);
});

test('show prints single values as ostree does', needsOstree, () => {
  for (const key of ['version', 'ostree.bootable', 'ostree.container-cmd']) {
    const option = `--print-metadata-key=${key}`;
    assert.equal(repo('show', FIXTURE_REF, option).stdout, ostree('show', FIXTURE_REF, option));
  }
  assert.match(
    repo('show', FIXTURE_REF, '--print-metadata-key=x').stderr,
    /ERR_METADATA_KEY: no metadata key "x": there are .*version/,
  );
});

test('log ends where history was not fetched', () => {
  assert.match(
    repo('log', FIXTURE_REF).stdout,
    new RegExp(`^commit ${FIXTURE_COMMIT}\n[^]*\\(no subject\\)\n\n$`),
  );
});

test('refs prints names, with -r commits too', () => {
  assert.equal(repo('refs').stdout, `${FIXTURE_REF}\n`);
  assert.equal(repo('refs', '-r').stdout, `${FIXTURE_REF}\t${FIXTURE_COMMIT}\n`);
});

test('refs lists what is sound, names what is no ref, and fails', (t) => {
  writeFileSync(join(state.repo, 'refs/heads/empty'), '');
  t.after(() => rmSync(join(state.repo, 'refs/heads/empty')));
  const { status, stdout, stderr } = repo('refs');
  assert.equal(stdout, `${FIXTURE_REF}\n`);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^treeport: warning: refs\/heads\/empty is not a valid ref: it does not hold [^\n]+\ntreeport: ERR_REF_DAMAGED: [^\n]+\n$/,
  );
  const fsck = repo('fsck');
  assert.equal(fsck.status, 1);
  assert.equal(fsck.stdout, 'damaged refs/heads/empty: it does not hold the checksum of a commit\n');
  assert.match(
    fsck.stderr,
    /^treeport: ERR_FSCK: repository [^\n]+: 1 damaged ref; remove the files of damaged refs, then set the refs again\n$/,
  );
  assert.equal(repo('fsck', FIXTURE_REF).status, 0);
});

test('a ref or commit that is not there is one coded line', () => {
  assert.match(
    repo('show', 'nope').stderr,
    /^treeport: ERR_REF_MISSING: no ref or commit "nope" in repository [^\n]+\n$/,
  );
  assert.match(
    repo('show', repeatedChecksum('f')).stderr,
    /^treeport: ERR_COMMIT_MISSING: no commit f{64} in repository [^\n]+\n$/,
  );
  assert.match(
    repo('show', `${FIXTURE_REF}^`).stderr,
    /^treeport: ERR_COMMIT_MISSING: commit \w+ has no parent[^\n]+\n$/,
  );
});

test('fsck says so when all is good, and names what is not', () => {
  assert.match(repo('fsck').stdout, /^\d+ objects of 1 commits are good\n$/);
  const bash = fixtureObject('/usr/bin/bash');
  rmSync(join(state.repo, loosePath(bash, 'filez')));
  const result = repo('fsck');
  assert.equal(result.status, 1);
  assert.match(
    result.stdout,
    new RegExp(`^missing ${bash}\\.file at /usr/bin/bash of commit ${FIXTURE_COMMIT}: [^\n]+\n$`),
  );
  assert.match(
    result.stderr,
    /^treeport: ERR_FSCK: repository [^\n]+: 1 of \d+ objects are bad \(1 missing\); `ostree fsck --delete --repo=[^\n]+\n$/,
  );
});
