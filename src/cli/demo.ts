import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { DEFAULT_BAKE } from '../mirror/packs/bake.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { DEMO_REF, writeDemoRepository } from './demo-os.ts';
import { runtimeFrom } from './mirror-options.ts';
import { openRepo } from './open-repo.ts';
import { printLine } from './output.ts';
import { warn } from './report.ts';
import { onStopSignal } from './signals.ts';

type Options = { readonly dir: string; readonly listen: string };

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('make a small OS commit and a mirror image of it, serve it, and print commands for clients')
    .addOption(
      new Option('--dir <path>', 'directory for the repository and the image').default('treeport-demo'),
    )
    .addOption(new Option('--listen <address>', '[ADDRESS:]PORT to listen on').default('8080'))
    .action(runDemo);
}

async function runDemo(options: Options): Promise<void> {
  const { parseListenAddress } = await import('../server/listen.ts');
  parseListenAddress(options.listen);
  const repoPath = resolve(options.dir, 'repo');
  const imagePath = resolve(options.dir, 'image');
  const commit = await writeDemoRepository(repoPath);
  await printLine(`commit ${commit} (${DEMO_REF}) is in ${repoPath}`);
  const repo = await openRepo(repoPath);
  await makeImage(repo, commit, imagePath);
  await printLine(`a mirror image of it is in ${imagePath}`);
  const { serve } = await import('../server/listen.ts');
  const server = await serve({ repo, listen: options.listen, logLevel: 'warn' });
  onStopSignal(() => server.stop());
  for (const line of clientLines(server.port, imagePath)) await printLine(line);
}

async function makeImage(repo: Repository, commit: Checksum, path: string): Promise<void> {
  const { buildMirror } = await import('../mirror/build.ts');
  const { FAST_COMPRESSION } = await import('../oci/write/compression.ts');
  const { publishImage } = await import('../oci/write/publish.ts');
  await publishImage({ transport: 'oci', name: `${path}:latest` }, (sink) =>
    buildMirror(repo, sink, {
      labels: {},
      copyMeta: [],
      copyMetaOptional: [],
      config: {},
      compression: FAST_COMPRESSION,
      publication: { commits: [commit], refs: [{ name: DEMO_REF, collection: undefined, commit }] },
      runtimeFor: (architecture) => runtimeFrom(undefined, architecture),
      bake: DEFAULT_BAKE,
      deltas: [],
      warn,
    }),
  );
}

function clientLines(port: number, imagePath: string): readonly string[] {
  const image = `oci:${imagePath}:latest`;
  const run = 'podman run --rm -p 8081:8080 --user 12345 --read-only --cap-drop=all';
  return [
    '',
    `Serving on http://localhost:${port}/ until Ctrl-C; open it in a browser, too. To pull from it:`,
    '',
    '    ostree --repo=client init --mode=bare-user',
    `    ostree --repo=client remote add --no-gpg-verify demo http://localhost:${port}/repo`,
    `    ostree --repo=client pull demo ${DEMO_REF}`,
    '',
    'To run the image, which serves the same on port 8081:',
    '',
    `    ${run} ${image}`,
    '',
    'To run it in a cluster, by way of a registry of yours:',
    '',
    `    skopeo copy ${image} docker://registry.example.com/treeport-demo:latest`,
    '    kubectl run treeport-demo --image=registry.example.com/treeport-demo:latest --port=8080',
    '',
    'To serve on another port: npm start -- --listen 9090, or treeport demo --listen 9090.',
    '',
  ];
}
