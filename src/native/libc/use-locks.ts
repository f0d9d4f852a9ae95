/** Importing this module lets temporary files be locked through libc, which the first of them loads. */
import { provideLocks } from '../../base/temporary.ts';

provideLocks(async () => (await import('./file-lock.ts')).tryLock);
