/**
 * Runs the blocks of commands in the documentation as they stand there, page by page, in folders of the test
 * and with a registry of its own: those that test/support/documented.ts says are run. Servers and containers
 * are ended as soon as they serve.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { type CommandBlock, commandBlocks, DOCUMENTED, proofOf } from '../support/documented.ts';
import { PREPARED, wordsOf } from '../support/documented-places.ts';
import { freePort } from '../support/free-port.ts';
import { unlessLibostree } from '../support/libostree.ts';
import { unlessInstalled, unlessRoot } from '../support/programs.ts';
import { runRecipe } from '../support/recipe.ts';
import { DOCUMENTED_REF, type DocumentedWorld, makeDocumentedWorld } from './support/documented-world.ts';
import { stopAgent } from './support/gpg.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { eventually } from './support/processes.ts';
import { mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const skip = unlessLibostree() || unlessInstalled('bash', 'gpg', 'ostree', 'skopeo', 'docker-registry');
const skipPodman = unlessRoot() || unlessInstalled(...PODMAN_PROGRAMS);
const CONTAINER = /\bpodman run\b/;

const shared: { folder?: string; world?: DocumentedWorld } = {};
const cleanups: (() => unknown)[] = [];
/** For all tests: set up once, because each command takes its time. */
const whole: Pick<TestContext, 'after'> = { after: (work) => void cleanups.push(work as () => unknown) };

before(async () => {
  if (skip !== false) return;
  shared.folder = await tempDir(whole);
  shared.world = await makeDocumentedWorld(whole, shared.folder);
});

after(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

for (const page of Object.keys(DOCUMENTED)) {
  const blocks = commandBlocks(page).filter((block) => proofOf(block) === 'run');
  if (blocks.length === 0) continue;
  const needsPodman = blocks.some(({ code }) => CONTAINER.test(code));
  test(
    `${page}: ${blocks.length} blocks of commands`,
    {
      skip: skip || (needsPodman && skipPodman),
      timeout: 900_000,
    },
    (t) => runPage(t, page, blocks),
  );
}

async function runPage(t: TestContext, page: string, blocks: readonly CommandBlock[]): Promise<void> {
  const { folder, env, words, port, podman } = await preparePage(t, page, blocks);
  const run = (code: string | undefined) => code === undefined || runRecipe(folder, code, words, { env });
  await run(PREPARED[page]?.['']);
  for (const [index, { heading, code }] of blocks.entries()) {
    const isFirst = heading !== '' && blocks.findIndex((block) => block.heading === heading) === index;
    try {
      if (isFirst) await run(PREPARED[page]?.[heading]);
      await run(code);
      if (podman === undefined || !CONTAINER.test(code)) continue;
      await eventually('the container serves', async () => {
        const log = await podman.log('--latest');
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => assert.fail(log));
        return answer.ok || undefined;
      });
      await podman.must(['rm', '--all', '--force', '--time=0']);
    } catch (error) {
      throw new Error(`${page}, "${heading}": ${(error as Error).message}`, { cause: error });
    }
  }
}

/** A copy of the world, and what is to be replaced in the page's commands. */
async function preparePage(t: TestContext, page: string, blocks: readonly CommandBlock[]) {
  const { template, gpg, registry } = shared.world ?? assert.fail();
  const folder = join(shared.folder ?? assert.fail(), page.replaceAll('/', '-'));
  await cp(template, folder, { recursive: true });
  const home = join(folder, 'gpg');
  t.after(() => stopAgent(home));
  const conf = join(folder, 'registries.conf');
  await writeFile(conf, `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
  await mkdir(join(folder, 'etc/treeport'), { recursive: true });
  await cp('deploy/treeport-deltas.conf', join(folder, 'etc/treeport/deltas.conf'));

  const repo = join(folder, 'srv/repo');
  const code = blocks.map((block) => block.code).join('\n');
  const origin = code.includes('http://os-mirror:8080') ? (await serve(t, repo)).origin : '';
  if (code.includes('FROM-TO')) await mustTreeport(['delta', 'generate', '--repo', repo, DOCUMENTED_REF]);
  const deltas = code.includes('FROM-TO') ? await mustTreeport(['delta', 'list', '--repo', repo]) : '';
  const podman = CONTAINER.test(code) ? await Podman.create(t, folder) : undefined;
  const port = await freePort();
  const env = {
    CONTAINERS_REGISTRIES_CONF: conf,
    OSTREE_REPO: join(folder, 'srv/client'),
    GNUPGHOME: home,
    TREEPORT_LISTEN: '127.0.0.1:0',
    ...podman?.env,
  };
  const delta = deltas.split(/\s/)[0] ?? '';
  return { folder, env, words: wordsOf(page, { folder, gpg, registry, origin, delta, port }), port, podman };
}
