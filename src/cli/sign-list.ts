import type { Command } from 'commander';
import { listAllSignatures } from '../ostree/sign/choose-signatures.ts';
import { printJson, printLine } from './output.ts';
import { addSubject, readSubject, type SubjectOptions } from './sign-subject.ts';

type Options = SubjectOptions & { readonly json?: boolean };

export function addSignList(group: Command): void {
  const command = group
    .command('list')
    .description('list the signatures of a commit or of the summary, without verifying them');
  addSubject(command).option('--json', 'print JSON').action(list);
}

async function list(revision: string | undefined, options: Options): Promise<void> {
  const signatures = listAllSignatures(await readSubject(revision, options));
  if (options.json)
    return printJson(
      signatures.map(({ bytes, ...rest }) => ({ ...rest, signature: bytes.toString('base64') })),
      2,
    );
  for (const { number, kind, key, timestamp, file } of signatures) {
    const claims = [
      ...(key === undefined ? [] : [`key ${key}`]),
      ...(timestamp === undefined ? [] : [new Date(timestamp * 1000).toISOString()]),
      ...(file === undefined ? [] : [file]),
    ];
    await printLine([`${number}`, kind, ...claims].join('  '));
  }
}
