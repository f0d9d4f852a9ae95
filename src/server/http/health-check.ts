/** Asks a running server whether it is well: for health checks inside containers, where there is no curl. */
import { get } from 'node:http';
import { messageOf, TreeportError } from '../../base/errors.ts';

const TIMEOUT_MS = 5000;

/** Resolves if `url` (plain http) answers 200; ERR_NOT_READY otherwise, with what it said. */
export async function checkHealth(url: string): Promise<void> {
  const status = new Promise<number | undefined>((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = get(url, { signal, agent: false }, (answer) => resolve(answer.resume().statusCode));
    request.on('error', reject);
  });
  const outcome = await status.catch(messageOf);
  if (outcome !== 200) throw new TreeportError('ERR_NOT_READY', `${url} does not answer 200: ${outcome}`);
}
