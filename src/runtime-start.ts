/** Starts the program of mirror images (runtime-app.ts), which is bundled beside this file. */
import { join } from 'node:path';
import { runProgram } from './base/code-cache.ts';

runProgram(join(import.meta.dirname, 'server.cjs'));
