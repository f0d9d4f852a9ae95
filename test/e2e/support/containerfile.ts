/** Builds mirror images with the Containerfile, by podman's builder. */
import { join } from 'node:path';
import { ROOT } from '../../support/project.ts';
import type { Podman } from './podman.ts';
import { mustTreeport } from './run.ts';

/** Builds the mirror of the encapsulated image in a layout directory under a name in podman's storage. */
export async function buildContainerfile(
  podman: Podman,
  encapsulated: string,
  name: string,
  folder: string,
): Promise<void> {
  await podman.load(`oci:${encapsulated}`, 'localhost/encapsulated');
  const runtime = join(folder, 'runtime');
  await mustTreeport(['mirror', 'runtime', '--quiet', `oci:${runtime}`]);
  await podman.load(`oci:${runtime}`, 'localhost/runtime');
  const args = ['IMAGE=localhost/encapsulated', 'RUNTIME=localhost/runtime'];
  await podman.must([
    ...['build', '--isolation=chroot', '--pull=never', `--tag=${name}`],
    ...args.map((arg) => `--build-arg=${arg}`),
    ...['--file', join(ROOT, 'Containerfile'), ROOT],
  ]);
}
