/** Encapsulates a commit and publishes the image in one call, with the defaults of the command line. */
import type { Digest } from '../oci/model/descriptor.ts';
import { parseImageReference } from '../oci/model/reference.ts';
import { type PublishImageOptions, publishImage } from '../oci/write/publish.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { type EncapsulateOptions, encapsulate } from './encapsulate/encapsulate.ts';
import { finishImage } from './encapsulate/image-draft.ts';
import { type PlanCommitOptions, planCommit } from './plan/plan-commit.ts';

export type PublishCommitOptions = PlanCommitOptions &
  Omit<EncapsulateOptions, 'plan' | 'record'> & {
    /** How the destination is reached, and what signs the image. */
    readonly publish?: PublishImageOptions;
  };

/**
 * Makes an encapsulated image of a commit (a ref, a checksum or `REF^`) and publishes it: `oci:DIR[:TAG]`,
 * `oci-archive:FILE[:TAG]`, `docker://NAME` or any other transport of skopeo. Returns the digest of the
 * manifest as it is stored there. On failure nothing is left under the final name.
 */
export async function publishCommit(
  repo: Repository,
  revision: string,
  destination: string,
  options: PublishCommitOptions = {},
): Promise<Digest> {
  const commit = await resolveRevision(repo, revision);
  await loadCommit(repo, commit);
  const build = async (sink: Parameters<typeof encapsulate>[2]) => {
    const { plan, record, created, labels } = await planCommit(repo.objects, commit, options);
    const planned = {
      ...(created === undefined ? {} : { created }),
      ...options,
      labels: { ...labels, ...options.labels },
      plan: () => plan,
      ...(record && { record }),
    };
    return finishImage(sink, await encapsulate(repo.objects, commit, sink, planned));
  };
  return publishImage(parseImageReference(destination), build, options.publish);
}
