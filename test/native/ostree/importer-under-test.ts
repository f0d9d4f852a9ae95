/**
 * A process that imports a commit: prints `started` once its transaction has started, and at the end
 * `finished` or the error's code and message.
 */
import { isTreeportError } from '../../../src/base/errors.ts';
import { LibostreeRepo } from '../../../src/native/ostree/repository.ts';
import { startTransaction } from '../../../src/native/ostree/start-transaction.ts';
import { parseChecksum } from '../../../src/ostree/checksum.ts';
import { giveCommit, readRepo } from '../../support/libostree.ts';

const [path = '', source = '', commit = ''] = process.argv.slice(2);
try {
  using repo = LibostreeRepo.open(path);
  const transaction = await startTransaction(repo);
  console.log('started');
  try {
    const id = parseChecksum(commit);
    await giveCommit(transaction, { repo: await readRepo(source), commit: id });
    transaction.setRef('os', id);
    await transaction.commit();
    console.log('finished');
  } finally {
    await transaction.abort();
  }
} catch (error) {
  if (!isTreeportError(error)) throw error;
  console.log(error.code, error.message);
}
