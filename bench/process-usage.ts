/** What a process and its living descendants have used so far, from /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

export type Usage = {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Sum of the peaks of resident memory, in 10^6 bytes. */
  readonly peakMB: number;
};

/** USER_HZ, the same on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

export function processUsage(pid: number): Usage {
  const usages = [pid, ...descendants(pid)].map(usageOf);
  return {
    cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakMB: usages.reduce((sum, { peakMB }) => sum + peakMB, 0),
  };
}

function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function usageOf(pid: number): Usage {
  // The command's name, in parentheses, may contain spaces.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const [user = Number.NaN, system = Number.NaN] = stat.slice(11, 13).map(Number);
  const peakKiB = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (user + system) / TICKS_PER_SECOND, peakMB: (Number(peakKiB) * 1024) / 1e6 };
}
