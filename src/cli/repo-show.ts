import type { Command } from 'commander';
import { isTreeportError, TreeportError } from '../base/errors.ts';
import { print } from '../gvariant/index.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type MetadataDict, parseDict } from '../ostree/metadata-dict.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { loadCommit, resolveRevision } from '../ostree/revision.ts';
import { commitJson } from './commit-json.ts';
import { commitLines } from './commit-text.ts';
import { openRepo } from './open-repo.ts';
import { jsonOption, repoOption } from './options.ts';
import { printJson, printLine, printText } from './output.ts';

type ShowOptions = {
  readonly repo: string;
  readonly printMetadataKey?: string;
  readonly printDetachedMetadataKey?: string;
  readonly json?: boolean;
};

export function addRepoShow(group: Command): void {
  group
    .command('show')
    .description('show a commit: checksums, date, subject, metadata and detached metadata')
    .argument('<revision>', 'a ref, commit or REF^')
    .addOption(repoOption())
    .option('--print-metadata-key <key>', 'print only this key of the metadata')
    .option('--print-detached-metadata-key <key>', 'print only this key of the detached metadata')
    .addOption(jsonOption().conflicts(['printMetadataKey', 'printDetachedMetadataKey']))
    .action(show);
}

async function show(revision: string, options: ShowOptions): Promise<void> {
  const repo = await openRepo(options.repo);
  const checksum = await resolveRevision(repo, revision);
  const commit = await loadCommit(repo, checksum);
  const detached = await detachedMetadata(repo, checksum);
  if (options.printMetadataKey !== undefined)
    return printText(`${valueText(commit.metadata, options.printMetadataKey)}\n`);
  if (options.printDetachedMetadataKey !== undefined)
    return printText(`${valueText(detached, options.printDetachedMetadataKey)}\n`);
  if (options.json) {
    const metadata = { metadata: dictJson(commit.metadata), detachedMetadata: dictJson(detached) };
    return printJson({ ...commitJson(checksum, commit), ...metadata }, 2);
  }
  for (const line of commitLines(checksum, commit)) await printLine(line);
  await printDict('Metadata', commit.metadata);
  await printDict('Detached metadata', detached);
}

async function detachedMetadata(repo: Repository, commit: Checksum): Promise<MetadataDict> {
  try {
    return parseDict(await repo.objects.metadata('commitmeta', commit));
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return new Map();
    throw error;
  }
}

function valueText(dict: MetadataDict, key: string): string {
  const value = dict.get(key);
  if (value !== undefined) return print(value.type, value.value);
  const known = dict.size === 0 ? 'there are none' : `there are ${[...dict.keys()].join(', ')}`;
  throw new TreeportError('ERR_METADATA_KEY', `no metadata key "${key}": ${known}`);
}

/** Each value as GVariant text, which tells its type. */
function dictJson(dict: MetadataDict): Readonly<Record<string, string>> {
  return Object.fromEntries([...dict].map(([key, { type, value }]) => [key, print(type, value)]));
}

async function printDict(title: string, dict: MetadataDict): Promise<void> {
  if (dict.size === 0) return;
  await printLine('');
  await printLine(`${title}:`);
  for (const [key, value] of dict) await printLine(`    ${key}: ${print(value.type, value.value)}`);
}
