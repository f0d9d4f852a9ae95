/** Configuration and labels of a mirror image. */
import { VERSION } from '../base/version.ts';
import { LABEL_REFS, LABEL_TREEPORT, type Labels } from '../container/labels.ts';
import type { ContainerConfig } from '../oci/model/image-config.ts';
import { MIRROR_PORT, MIRROR_USER, runtimeCommand } from './layout.ts';
import { embeddedCommit, type Publication, publishedNames } from './published-refs.ts';

/** Label of runtime images: Go's name of the architecture. */
export const LABEL_RUNTIME = 'treeport.runtime';

const TITLE = 'org.opencontainers.image.title';
const DESCRIPTION = 'org.opencontainers.image.description';
const CREATED = 'org.opencontainers.image.created';
const REVISION = 'org.opencontainers.image.revision';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * The execution parameters of a mirror: those of `base`, except the command. `args` are additional arguments
 * of the server.
 */
export function mirrorConfig(base: ContainerConfig, args?: readonly string[]): ContainerConfig {
  const { Cmd: _, ...rest } = base;
  return {
    ...rest,
    ...(args === undefined ? {} : { Cmd: args }),
    Entrypoint: runtimeCommand('serve'),
    ExposedPorts: { ...base.ExposedPorts, [`${MIRROR_PORT}/tcp`]: {} },
    User: MIRROR_USER,
    WorkingDir: '/',
    StopSignal: 'SIGTERM',
  };
}

/** Labels of a mirror image, including the OCI annotations. Existing labels take precedence. */
export function mirrorLabels(
  publication: Publication,
  existing: Labels,
  created: string | undefined,
): Labels {
  const commit = embeddedCommit(publication);
  const names = publication.refs.map(({ name }) => name);
  const what = publishedNames(publication);
  return {
    [TITLE]: `ostree mirror of ${names[0] ?? what}`,
    [DESCRIPTION]: `Started as it is, serves the ostree repository of ${what} at /repo on port ${MIRROR_PORT}`,
    ...(commit === undefined ? {} : { [REVISION]: commit }),
    ...(created === undefined ? {} : { [CREATED]: created }),
    ...(names[0] === undefined ? {} : { [REF_NAME]: names[0] }),
    ...existing,
    [LABEL_REFS]: names.join(' '),
    [LABEL_TREEPORT]: VERSION,
  };
}
