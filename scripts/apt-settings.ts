/** This machine's settings of apt, for systems that mmdebstrap makes. */
import { execFileSync } from 'node:child_process';

/** Options such as proxies. */
export function aptOptions(): readonly string[] {
  const dump = ['dump', '--format', '%f "%v";%n', 'Acquire::http', 'Acquire::https'];
  return output('apt-config', dump)
    .split('\n')
    .filter((line) => /"[^"]+";$/.test(line))
    .map((line) => `--aptopt=${line}`);
}

/** The Debian mirror, if there is one. */
export function debianMirror(): readonly string[] {
  return debianMirrors('Debian').slice(0, 1);
}

/** The repositories with this label, all of Debian's by default: security updates have one of their own. */
export function debianMirrors(label = 'Debian(?:-Security)?'): readonly string[] {
  const words = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  const lines = output('apt-get', words).matchAll(new RegExp(`^${label} (\\S+)$`, 'gm'));
  return [...new Set([...lines].map(([, uri = '']) => uri))];
}

function output(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' }).trim();
}
