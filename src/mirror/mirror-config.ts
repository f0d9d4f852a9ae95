/** What makes an image a mirror when it is started, and the labels that say so. */
import { LABEL_REFS, type Labels } from '../container/labels.ts';
import type { ContainerConfig } from '../oci/model/image-config.ts';
import { MIRROR_PORT, MIRROR_USER, runtimeCommand } from './layout.ts';
import type { Publication } from './published-refs.ts';

/** Go's name of the architecture; the mark of a runtime image. */
export const LABEL_RUNTIME = 'treeport.runtime';

const TITLE = 'org.opencontainers.image.title';
const DESCRIPTION = 'org.opencontainers.image.description';
const CREATED = 'org.opencontainers.image.created';
const REVISION = 'org.opencontainers.image.revision';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * The execution parameters of a mirror: those of `base`, but for how it is started. `words` are further ones for
 * the server.
 */
export function mirrorConfig(base: ContainerConfig, words?: readonly string[]): ContainerConfig {
  const { Cmd: _, ...rest } = base;
  return {
    ...rest,
    ...(words === undefined ? {} : { Cmd: words }),
    Entrypoint: runtimeCommand('serve'),
    ExposedPorts: { ...base.ExposedPorts, [`${MIRROR_PORT}/tcp`]: {} },
    User: MIRROR_USER,
    WorkingDir: '/',
    StopSignal: 'SIGTERM',
  };
}

/** Labels of a mirror image, those of OCI among them. Labels that are there already come first. */
export function mirrorLabels(
  { commits, refs }: Publication,
  existing: Labels,
  created: string | undefined,
): Labels {
  const [commit] = commits;
  const names = refs.map(({ name }) => name);
  const what = names.length > 0 ? names.join(', ') : `commit ${commit}`;
  return {
    [TITLE]: `ostree mirror of ${names[0] ?? `commit ${commit}`}`,
    [DESCRIPTION]: `Started as it is, serves the ostree repository of ${what} at /repo on port ${MIRROR_PORT}`,
    ...(commit === undefined ? {} : { [REVISION]: commit }),
    ...(created === undefined ? {} : { [CREATED]: created }),
    ...(names[0] === undefined ? {} : { [REF_NAME]: names[0] }),
    ...existing,
    [LABEL_REFS]: names.join(' '),
  };
}
