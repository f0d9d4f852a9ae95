/** What importing a module loads. */
import { must } from '../e2e/support/run.ts';

const PROGRAM = `import { registerHooks } from 'node:module';
const urls = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    urls.add(found.url);
    return found;
  },
});
await import(process.argv[1]);
console.log(JSON.stringify([...urls]));`;

/** The URLs of all modules, Node's included, that importing `specifier` in `folder` loads. */
export async function loadedModules(specifier: string, folder: string): Promise<readonly string[]> {
  const words = ['--input-type=module', '--eval', PROGRAM, specifier];
  return JSON.parse(await must([process.execPath, ...words], { cwd: folder }));
}
