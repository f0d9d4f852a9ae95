/** Images of the OS repository that several test files look at; made once per run and only read. */
import { join } from 'node:path';
import { OS_REF, osRepo, TEXT_REF, textRepo } from './os-repo.ts';
import { mustTreeport } from './run.ts';
import { shared } from './scratch.ts';

export type SharedImage = {
  /** Layout directory. */
  readonly path: string;
  /** What the command printed. */
  readonly digest: string;
};

/** OS_REF encapsulated with the default options. */
export function encapsulatedOs(): Promise<SharedImage> {
  return shared('encapsulated', async (folder) => {
    const path = join(folder, 'image');
    const { path: repo } = await osRepo();
    const words = ['container', 'encapsulate', '--quiet', '--repo', repo, OS_REF, `oci:${path}`];
    return { path, digest: await mustTreeport(words) };
  });
}

/** The commit with one text file, encapsulated. */
export function encapsulatedText(): Promise<SharedImage> {
  return shared('encapsulated-text', async (folder) => {
    const path = join(folder, 'image');
    const { path: repo } = await textRepo();
    const words = ['container', 'encapsulate', '--quiet', '--repo', repo, TEXT_REF, `oci:${path}`];
    return { path, digest: await mustTreeport(words) };
  });
}

/** The mirror image of OS_REF. */
export function mirrorOfOs(): Promise<SharedImage> {
  return shared('mirror', async (folder) => {
    return buildMirror((await osRepo()).path, OS_REF, join(folder, 'image'));
  });
}

/** The mirror image of the commit with one text file. */
export function mirrorOfText(): Promise<SharedImage> {
  return shared('mirror-of-text', async (folder) => {
    return buildMirror((await textRepo()).path, TEXT_REF, join(folder, 'image'));
  });
}

async function buildMirror(repo: string, ref: string, path: string): Promise<SharedImage> {
  const words = ['mirror', 'build', '--quiet', '--repo', repo, ref, `oci:${path}`];
  return { path, digest: await mustTreeport(words) };
}
