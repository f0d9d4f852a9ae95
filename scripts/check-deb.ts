/**
 * Installs the Debian package on a minimal system that has nothing but what Debian requires, as `apt install
 * ./treeport.deb` does, and uses it there: pages, completion scripts, an image made and imported, and a pull
 * from `treeport serve`. With the package of the other architecture's runtime it makes an image for that.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { goArchitecture } from '../src/oci/model/platform.ts';
import { FreshRoot, MINUTE } from './fresh-root.ts';

const ROOT = join(import.meta.dirname, '..');
const INSTALLED = [
  '/usr/share/man/man1/treeport-serve.1.gz',
  '/usr/share/bash-completion/completions/treeport',
  '/usr/share/zsh/vendor-completions/_treeport',
  '/usr/share/fish/vendor_completions.d/treeport.fish',
  '/usr/share/doc/treeport/copyright',
];
/** The command alone, before anything else is installed. */
const ALONE = ['treeport --version', 'treeport --help', ...INSTALLED.map((path) => `test -s ${path}`)];
const USE = [
  'man -w treeport-serve',
  'ostree init --repo=repo --mode=archive',
  'ostree commit --repo=repo --branch=os /etc/apt --owner-uid=0 --owner-gid=0',
  'treeport container encapsulate --repo repo os oci:image',
  'ostree init --repo=imported --mode=bare-user',
  'treeport container unencapsulate --unverified --write-ref os --repo imported oci:image',
  'ostree fsck --repo=imported --quiet',
  'test "$(ostree rev-parse --repo=repo os)" = "$(ostree rev-parse --repo=imported os)"',
  'treeport mirror build --repo repo os oci:mirror',
];

const OTHER = process.arch === 'x64' ? 'arm64' : 'amd64';
const BUILD_OTHER = `treeport mirror build --arch ${OTHER} --repo repo os oci:other`;

/** Throws if something fails. Makes the package itself, from this checkout. */
export async function checkDebianPackage(suite: string): Promise<void> {
  const say = (text: string) => console.log(`== ${suite}, Debian package: ${text}`);
  const folder = mkdtempSync(join(tmpdir(), 'treeport-deb-'));
  try {
    say('npm run package');
    const words = ['run', '--silent', 'package', '--', '--only', 'deb', '--pack-destination', folder];
    const packed = execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
    const [file, runtime] = packed.filter((path) => path.endsWith(`_${goArchitecture(process.arch)}.deb`));
    if (file === undefined || runtime === undefined) throw new Error(`no packages for ${process.arch}`);
    say('making a minimal Debian system');
    using root = FreshRoot.make(suite);
    const must = async (command: string, minutes = 2) => {
      say(command);
      const isDone = await root.run(command, { timeout: minutes * MINUTE });
      if (!isDone) throw new Error(`${suite}: ${command} failed`);
    };
    for (const each of [file, runtime]) copyFileSync(each, join(root.path, root.folder, basename(each)));
    await must(`apt-get update && apt-get install -y ./${basename(file)}`, 10);
    for (const command of ALONE) await must(command);
    await must('apt-get install -y man-db ostree', 10);
    for (const command of USE) await must(command);

    await must(`! ${BUILD_OTHER} 2> error && grep treeport-runtime-linux error`);
    await must(`apt-get install -y ./${basename(runtime)}`);
    await must(`${BUILD_OTHER} && treeport container info --arch ${OTHER} oci:other`);

    const { port, stop } = await startServer(root);
    await must(`ostree --repo=client init --mode=archive`);
    await must(`ostree --repo=client remote add --no-gpg-verify os http://127.0.0.1:${port}/repo`);
    await must('ostree --repo=client pull os os');
    await must('ostree --repo=client fsck --quiet');
    stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `treeport serve` of the repository, on a free port; resolves when it serves. */
async function startServer(root: FreshRoot) {
  const serving = Promise.withResolvers<string>();
  const logged: string[] = [];
  const server = root.start('exec treeport serve --repo repo --listen 127.0.0.1:0', {
    timeout: 5 * MINUTE,
    onOutput: (text) => {
      logged.push(text);
      const [, port] = /"msg":"serving on http:\/\/127\.0\.0\.1:(\d+)"/.exec(logged.join('')) ?? [];
      if (port !== undefined) serving.resolve(port);
    },
  });
  void server.ended.then(() => serving.reject(new Error(`treeport serve ended: ${logged.join('')}`)));
  return { port: await serving.promise, stop: server.kill };
}
