import type { Command } from 'commander';
import { printLine } from './output.ts';

export function addSignKeygen(group: Command): void {
  group
    .command('keygen')
    .description('make an ed25519 key: the secret key in FILE, the public key in FILE.pub and on stdout')
    .argument('<file>', 'file to create for the secret key; nothing is overwritten')
    .action(keygen);
}

async function keygen(file: string): Promise<void> {
  const { writeNewKey } = await import('../signing/new-key.ts');
  await printLine(await writeNewKey(file));
}
