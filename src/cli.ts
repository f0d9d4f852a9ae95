#!/usr/bin/env node
/** The `treeport` command. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// In the user's own folder: what is cached will be run, and Node's default below /tmp could be laid by anybody.
const { XDG_CACHE_HOME, HOME } = process.env;
const cacheHome = XDG_CACHE_HOME || (HOME ? join(HOME, '.cache') : undefined);
if (cacheHome !== undefined) enableCompileCache(join(cacheHome, 'treeport'));

const { run } = await import('./cli/run.ts');
await run(process.argv.slice(2));
