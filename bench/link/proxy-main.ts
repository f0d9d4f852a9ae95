/**
 * The process of a link: proxy-main.ts BYTES_PER_SECOND DELAY_MS TARGET_PORT prints {"port"} when it listens,
 * and {"up", "down"}, the bytes it delivered, when SIGTERM ends it.
 */
import { setPriority } from 'node:os';
import { startProxy } from './proxy.ts';

/** A link is as fast on a busy machine as on an idle one. Only root may say so. */
const PRIORITY = -15;

const [bytesPerSecond = 0, delayMs = 0, targetPort = 0] = process.argv.slice(2).map(Number);
try {
  setPriority(PRIORITY);
} catch {
  // A user other than root keeps the usual priority.
}
const proxy = await startProxy({ bytesPerSecond, delayMs }, targetPort);
process.on('SIGTERM', async () => {
  process.stdout.write(`${JSON.stringify(proxy.delivered())}\n`);
  await proxy.close();
});
process.stdout.write(`${JSON.stringify({ port: proxy.port })}\n`);
