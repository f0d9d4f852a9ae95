/** Reads the `config` of a repository, which may be a link to another file inside it. */
import { join } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import { isKeyfileFault, type Keyfile, parseKeyfile } from '../keyfile.ts';
import { MAX_KEYFILE_BYTES } from '../limits.ts';

/**
 * Undefined if there is no config. ERR_REPO_CONFIG, ERR_REPO_MISSING if it cannot be read, ERR_FILE_UNSAFE.
 */
export function readRepositoryConfig(path: string): Keyfile | undefined {
  const bytes = readConfigFile(path);
  if (bytes === undefined) return undefined;
  const config = parseKeyfile(bytes.toString('utf8'));
  if (!isKeyfileFault(config)) return config;
  throw new TreeportError('ERR_REPO_CONFIG', `${join(path, 'config')}, line ${config.line}: ${config.what}`);
}

function readConfigFile(path: string): Buffer | undefined {
  try {
    return readBeneath(path, 'config', { links: 'inside', maxBytes: MAX_KEYFILE_BYTES });
  } catch (error) {
    if (isTreeportError(error)) throw error;
    throw noRepository(path, messageOf(error), error);
  }
}

export function noRepository(path: string, why: string, cause?: unknown): TreeportError {
  return new TreeportError('ERR_REPO_MISSING', `no ostree repository at ${path}: ${why}`, { cause });
}
