/**
 * The tree of commands, one file per verb. A verb file exports one function that adds its command to the
 * group it is given; the action imports what is heavy, so that `--help` stays fast.
 * docs/cli.md is generated from this tree.
 */
import { Command } from 'commander';
import { VERSION } from '../base/version.ts';
import { addContainerEncapsulate, addContainerExportOci } from './container-encapsulate.ts';
import { addContainerUnencapsulate } from './container-unencapsulate.ts';
import { addDemo } from './demo.ts';
import { addDiff } from './diff.ts';
import { addMirrorBuild } from './mirror-build.ts';
import { addMirrorRuntime } from './mirror-runtime.ts';
import { addMirrorWrap } from './mirror-wrap.ts';
import { addRepoCat } from './repo-cat.ts';
import { addRepoFsck } from './repo-fsck.ts';
import { addRepoLog } from './repo-log.ts';
import { addRepoLs } from './repo-ls.ts';
import { addRepoRefs } from './repo-refs.ts';
import { addRepoShow } from './repo-show.ts';
import { addServe } from './serve.ts';
import { addTarExport } from './tar-export.ts';
import { addTarImport } from './tar-import.ts';

/** Builds the whole tree. Commander throws CommanderError where it would end the process; it prints no errors. */
export function buildProgram(): Command {
  const program = new Command('treeport')
    .description('Ship ostree commits as OCI images that serve themselves, and bring them back verified.')
    .version(VERSION)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });

  const repo = addGroup(program, 'repo', 'read and check an ostree repository of any mode');
  addRepoLs(repo);
  addRepoShow(repo);
  addRepoCat(repo);
  addRepoLog(repo);
  addRepoRefs(repo);
  addRepoFsck(repo);

  const container = addGroup(program, 'container', 'commits as OCI images');
  addContainerEncapsulate(container);
  addContainerExportOci(container);
  addContainerUnencapsulate(container);

  const mirror = addGroup(program, 'mirror', 'images that serve their own repository');
  addMirrorBuild(mirror);
  addMirrorWrap(mirror);
  addMirrorRuntime(mirror);

  const tar = addGroup(program, 'tar', 'commits as tar streams');
  addTarExport(tar);
  addTarImport(tar);

  addDiff(program);
  addServe(program);
  addDemo(program);

  return program;
}

function addGroup(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).helpCommand(false);
}
