/**
 * Simulates failing disks: builds write-faults.c, and calls it in a process that has it preloaded. Tests
 * start such a process with `env: { LD_PRELOAD: await faultsLibrary() }`.
 */
import { join } from 'node:path';
import koffi from 'koffi';
import { must } from '../e2e/support/run.ts';
import { shared } from '../e2e/support/scratch.ts';
import { ROOT } from './project.ts';

/** Which calls count. */
export const FAULT_CALLS = { writes: 1, syncs: 2, names: 4, removals: 8 } as const;

export type FaultKind = keyof typeof FAULT_CALLS;
/** `short` writes half of the bytes and succeeds. */
export type FaultError = 'EIO' | 'ENOSPC' | 'short';

/** Path of the compiled library. Needs `cc`. */
export function faultsLibrary(): Promise<string> {
  return shared('write-faults', build);
}

async function build(folder: string): Promise<string> {
  const library = join(folder, 'write-faults.so');
  const source = join(ROOT, 'test/support/write-faults.c');
  await must([
    'cc',
    '-shared',
    '-fPIC',
    '-O1',
    '-Wall',
    '-Werror',
    '-o',
    library,
    source,
    '-ldl',
    '-lpthread',
  ]);
  return library;
}

/** Controls the library, which must be preloaded in this process. */
export function loadFaults() {
  const process = koffi.load(null);
  const arm = process.func('void faults_arm(const char *below, int mask, long nth, int error)');
  const disarm = process.func('long faults_disarm()') as () => number;
  const last = process.func('const char *faults_last()') as () => string;
  const clone = process.func('void faults_clone(int has_clone)');
  return {
    /** The `nth` of these calls below the path will fail; from 1. */
    arm(below: string, kind: FaultKind, nth: number, error: FaultError): void {
      arm(below, FAULT_CALLS[kind], nth, error === 'short' ? 0 : koffi.os.errno[error]);
    },
    disarm,
    /** The failed call and its path; empty if none failed. */
    last,
    /** Supports reflinks, as btrfs and xfs do. */
    clone: (hasClone: boolean) => void clone(Number(hasClone)),
  };
}
