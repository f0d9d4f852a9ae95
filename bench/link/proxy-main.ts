/**
 * The process of a link: proxy-main.ts BYTES_PER_SECOND DELAY_MS TARGET_PORT prints {"port"} when it listens,
 * and {"up", "down"}, the bytes it delivered, when SIGTERM ends it.
 */
import { startProxy } from './proxy.ts';
import { becomeRealTime } from './real-time.ts';

const [bytesPerSecond = 0, delayMs = 0, targetPort = 0] = process.argv.slice(2).map(Number);
becomeRealTime();
const proxy = await startProxy({ bytesPerSecond, delayMs }, targetPort);
process.on('SIGTERM', async () => {
  process.stdout.write(`${JSON.stringify(proxy.delivered())}\n`);
  await proxy.close();
});
process.stdout.write(`${JSON.stringify({ port: proxy.port })}\n`);
