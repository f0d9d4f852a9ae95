import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { nameBeside, provideLocks, Temporary, withoutTemporaryNames } from '../../src/base/temporary.ts';
import { tryLock } from '../../src/native/libc/file-lock.ts';
import { ROOT } from '../support/project.ts';
import { testFolder } from '../support/small-image.ts';

const MODULES = `
  import { provideLocks, Temporary } from ${JSON.stringify(join(ROOT, 'src/base/temporary.ts'))};
  import { tryLock } from ${JSON.stringify(join(ROOT, 'src/native/libc/file-lock.ts'))};
  provideLocks(async () => tryLock);
  const [folder] = process.argv.slice(1);`;

function start(script: string, folder: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', MODULES + script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** A process that holds a file and a directory with something in it. */
async function holder(folder: string): Promise<ChildProcess> {
  const child = start(
    `
      import { writeFileSync } from 'node:fs';
      const file = await Temporary.create(folder + '/out', 'file', 0o644);
      const directory = await Temporary.create(folder + '/image', 'directory', 0o700);
      writeFileSync(directory.path + '/blob', 'x');
      console.log('held');
      setInterval(() => {}, 60_000);`,
    folder,
  );
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

/** A process that only makes and removes one. */
async function passer(folder: string): Promise<void> {
  const child = start(`await (await Temporary.create(folder + '/mine', 'file', 0o644)).remove();`, folder);
  child.stdout?.resume();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
}

test('what a killed process left, the next one removes; what a live one holds stays', async (t) => {
  const folder = await testFolder(t);
  const child = await holder(folder);
  const held = (await readdir(folder)).toSorted();
  assert.equal(held.length, 2);
  for (const name of held) assert.match(name, /^\.(?:image|out)\.held-[0-9a-f]{12}\.tmp$/);
  const [image, out] = held.map((name) => statSync(join(folder, name)));
  assert.ok(image?.isDirectory() && out?.isFile());
  await passer(folder);
  assert.deepEqual((await readdir(folder)).toSorted(), held);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  assert.deepEqual((await readdir(folder)).toSorted(), held);
  await passer(folder);
  assert.deepEqual(await readdir(folder), []);
});

test('nothing else is removed: other names, what a link leads to, unheld temporaries', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'precious'));
  await symlink('precious', join(folder, '.link.held-0123456789ab.tmp'));
  for (const name of ['.out.held-short.tmp', 'out.held-0123456789ab.tmp', '.out.123-0123456789ab.tmp']) {
    await writeFile(join(folder, name), '');
  }
  const before = (await readdir(folder)).toSorted();
  await passer(folder);
  assert.deepEqual((await readdir(folder)).toSorted(), before);
});

test('processes that start at once do not take each other for ended', async (t) => {
  const folder = await testFolder(t);
  const script = `
    for (const name of ['a', 'b', 'c']) {
      const path = folder + '/' + process.pid + name;
      await (await Temporary.create(path, 'file', 0o644)).rename(path);
    }`;
  const children = Array.from({ length: 6 }, () => start(script, folder));
  for (const child of children) child.stdout?.resume();
  const ends = await Promise.all(children.map((child) => once(child, 'exit')));
  assert.deepEqual(ends, Array(6).fill([0, null]));
  assert.equal((await readdir(folder)).length, 18);
});

test('a name that is swept before its lock is made again', async (t) => {
  const folder = await testFolder(t);
  const calls = { count: 0 };
  provideLocks(async () => (descriptor) => {
    calls.count += 1;
    return calls.count > 1 && tryLock(descriptor);
  });
  const temporary = await Temporary.create(join(folder, 'out'), 'file', 0o600);
  assert.equal(calls.count, 2);
  await rename(temporary.path, join(folder, 'out'));
  await temporary.remove();
  assert.deepEqual(await readdir(folder), ['out']);
});

test('one that was renamed or removed is let go: its lock is free, and nothing is removed later', async (t) => {
  const folder = await testFolder(t);
  provideLocks(async () => tryLock);
  const [done, dropped] = [join(folder, 'done'), join(folder, 'dropped')];
  const descriptors = readdirSync('/proc/self/fd').length;
  const renamed = await Temporary.create(done, 'directory', 0o755);
  await renamed.rename(done);
  await renamed.remove();
  await (await Temporary.create(dropped, 'file', 0o644)).remove();
  assert.equal(readdirSync('/proc/self/fd').length, descriptors);
  assert.deepEqual(await readdir(folder), ['done']);
  await assert.rejects(Temporary.create(join(folder, 'no/x'), 'file', 0o644), { code: 'ENOENT' });
});

test('names beside a path are hidden and never the same', () => {
  const [one, two] = [nameBeside('/a/b', 'held'), nameBeside('/a/b', 'held')];
  assert.match(one, /^\/a\/\.b\.held-[0-9a-f]{12}\.tmp$/);
  assert.notEqual(one, two);
});

test('a directory is removed though a program that is ending still writes into it', async (t) => {
  const folder = await testFolder(t);
  const child = start(
    `
      import { spawn } from 'node:child_process';
      import { existsSync } from 'node:fs';
      import { setImmediate as nextTurn } from 'node:timers/promises';
      const { path } = await Temporary.create(folder + '/image', 'directory', 0o700);
      // Goes on for a while when it is told to end, or until there is nothing to write into.
      const busy = 'i=0; end=999999; trap "end=$((i+4000))" TERM;'
        + ' while [ $i -lt $end ]; do i=$((i+1)); : > "$1/$$-$i" || exit; done';
      const writers = [1, 2, 3].map(() => spawn('sh', ['-c', busy, 'sh', path], { stdio: 'ignore' }));
      const isWriting = ({ pid }) => existsSync(path + '/' + pid + '-100');
      while (!writers.every(isWriting)) await nextTurn();
      for (const writer of writers) writer.kill();
      process.exit(0);`,
    folder,
  );
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.deepEqual(await readdir(folder), []);
});

test('texts for people have the final names', () => {
  const file = nameBeside('/srv/os.tar', '123');
  const text = `EIO: i/o error, write '${file}', ${nameBeside('/srv/b', 'held')}: full`;
  assert.equal(withoutTemporaryNames(text), "EIO: i/o error, write '/srv/os.tar', /srv/b: full");
  const scratch = `writing oci:${nameBeside('/var/tmp/treeport', 'held')}/image/blobs to docker://x: no`;
  assert.equal(withoutTemporaryNames(scratch), 'writing oci:/var/tmp/(temporary files) to docker://x: no');
  assert.equal(withoutTemporaryNames('/srv/.hidden.tmp/x'), '/srv/.hidden.tmp/x');
});
