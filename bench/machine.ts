/** Facts about the machine and its programs, needed to interpret the figures. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

export type Machine = {
  readonly date: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average of the last minute; above 0.5 the machine has other work. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
};

export function machineFacts(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    system: `${distribution()}, Linux ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0] ?? Number.NaN,
    versions: {
      node: process.version,
      ostree: firstMatch('ostree', ['--version'], /Version: '([^']+)'/),
      nginx: firstMatch('nginx', ['-v'], /nginx\/(\S+)/),
      gzip: firstMatch('gzip', ['--version'], /gzip (\S+)/),
    },
  };
}

export function formatMachine(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.date} UTC, ${machine.system}`,
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, load ${machine.load.toFixed(1)}`,
    versions.join(', '),
    '',
  ].join('\n');
}

function distribution(): string {
  const release = readFileSync('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(release)?.[1] ?? 'Linux';
}

function firstMatch(program: string, words: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'not installed';
}
