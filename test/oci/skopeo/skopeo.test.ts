import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { platformArgs, skopeoCopy } from '../../../src/oci/skopeo/skopeo.ts';
import { coded } from '../../support/expect.ts';
import { testFolder } from '../../support/small-image.ts';

/** Puts a program `skopeo` first, or with no text none at all, on the PATH of this test. */
async function withSkopeo(t: TestContext, text?: string): Promise<string> {
  const folder = await testFolder(t);
  if (text !== undefined) {
    await writeFile(join(folder, 'skopeo'), text);
    await chmod(join(folder, 'skopeo'), 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = text === undefined ? folder : `${folder}:${before}`;
  t.after(() => {
    process.env.PATH = before;
  });
  return folder;
}

test('skopeo absent: says what to install', async (t) => {
  await withSkopeo(t);
  await assert.rejects(skopeoCopy('dir:a', 'dir:b'), coded('ERR_SKOPEO_MISSING', 'install'));
});

test('skopeo failing: its own last words, on one line', async (t) => {
  await withSkopeo(
    t,
    `#!/bin/sh
cat >&2 <<'END'
time="x" level=warning msg="not this"
time="x" level=fatal msg="reading \\"manifest\\":\\nodd"
END
exit 1
`,
  );
  await assert.rejects(
    skopeoCopy('dir:a', 'dir:b'),
    coded('ERR_SKOPEO', 'copying dir:a to dir:b', 'failed: reading "manifest":; odd'),
  );
});

test('skopeo logs what it does for callers who want that, and it stays out of errors', async (t) => {
  const folder = await withSkopeo(
    t,
    `#!/bin/sh
echo "$@" > "$(dirname "$0")/words"
cat >&2 <<'END'
time="x" level=debug msg="Skipping blob sha256:0"
time="x" level=fatal msg="the last word"
time="x" level=debug msg=done
END
exit 1
`,
  );
  const messages: string[] = [];
  const onDebug = (message: string) => messages.push(message);
  await assert.rejects(
    skopeoCopy('dir:a', 'dir:b', { onDebug }),
    coded('ERR_SKOPEO', 'failed: the last word'),
  );
  assert.deepEqual(messages, ['"Skipping blob sha256:0"', 'done']);
  assert.match(await readFile(join(folder, 'words'), 'utf8'), /^--debug copy /);
});

test('skopeo killed: says so', async (t) => {
  await withSkopeo(t, '#!/bin/sh\nkill -9 $$\n');
  await assert.rejects(skopeoCopy('dir:a', 'dir:b'), coded('ERR_SKOPEO', 'SIGKILL'));
});

test('credentials and platform are handed on, and the digest comes back', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const folder = await withSkopeo(
    t,
    `#!/bin/sh
echo "$@" > "$(dirname "$0")/words"
while [ "$1" != --digestfile ]; do shift; done
echo ${digest} > "$2"
`,
  );
  const global = platformArgs({ architecture: 'arm', os: 'linux', variant: 'v7' });
  const copy = ['--authfile', '/auth.json'];
  assert.equal(await skopeoCopy('dir:a', 'dir:b', { global, copy }), digest);
  const words = (await readFile(join(folder, 'words'), 'utf8')).trim();
  assert.match(
    words,
    /^--override-arch arm --override-os linux --override-variant v7 copy .*--authfile \/auth.json dir:a dir:b$/,
  );
});
