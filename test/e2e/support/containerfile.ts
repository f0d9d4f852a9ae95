/** Builds mirror images with the Containerfile, by podman's builder. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../support/project.ts';
import type { Podman } from './podman.ts';
import { mustTreeport } from './run.ts';

/**
 * Builds the mirror of the encapsulated image in a layout directory under a name in podman's storage; `refs`
 * are those that the labels name.
 */
export async function buildContainerfile(
  podman: Podman,
  encapsulated: string,
  name: string,
  folder: string,
  refs: readonly string[] = [],
): Promise<void> {
  await podman.load(`oci:${encapsulated}`, 'localhost/encapsulated');
  const runtime = join(await mkdtemp(join(folder, 'runtime-')), 'image');
  await mustTreeport(['mirror', 'runtime', '--quiet', `oci:${runtime}`]);
  await podman.load(`oci:${runtime}`, 'localhost/runtime');
  const args = ['IMAGE=localhost/encapsulated', 'RUNTIME=localhost/runtime', `REFS=${refs.join(' ')}`];
  await podman.must([
    ...['build', '--no-cache', '--isolation=chroot', '--pull=never', `--tag=${name}`],
    ...args.map((arg) => `--build-arg=${arg}`),
    ...['--file', join(ROOT, 'Containerfile'), ROOT],
  ]);
}
