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
  const words = ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'];
  const uri = /^Debian (\S+)$/m.exec(output('apt-get', words))?.[1];
  return uri === undefined ? [] : [uri];
}

function output(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' }).trim();
}
