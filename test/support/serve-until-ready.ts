/**
 * The command with these words, which is told to end as soon as it serves: for documentation that starts a
 * server and says no more. Ends with its status.
 */
import { spawn } from 'node:child_process';
import { TREEPORT } from '../e2e/support/run.ts';

const [program, ...words] = TREEPORT;
const child = spawn(program, [...words, ...process.argv.slice(2)], { stdio: ['inherit', 'pipe', 'inherit'] });
const printed: string[] = [];
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text);
  printed.push(text);
  if (printed.join('').includes('"msg":"serving on http:')) child.kill('SIGTERM');
});
child.on('close', (status) => {
  process.exitCode = status ?? 1;
});
