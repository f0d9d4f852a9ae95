#!/usr/bin/env node
/** The `treeport` command. */
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Buffers lie outside the heap and are freed when their young owners are collected. A young generation that
// does not grow is collected often: docs/decisions/0021-small-young-generation.md.
setFlagsFromString('--semi-space-growth-factor=1');
enableCompileCache();
const { run } = await import('./cli/run.ts');
await run(process.argv.slice(2));
