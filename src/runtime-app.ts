/**
 * The program inside mirror images: `serve`, their entry point, `check` for health checks by a command, and
 * `seal`, which a container build runs. It is bundled into one file (scripts/bundle.ts), which
 * runtime-start.ts runs, and kept small, because it is read whenever a mirror starts. Options come from the
 * command line or from the environment as TREEPORT_LISTEN and so on.
 */
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { formatByteSize } from './base/byte-size.ts';
import { messageOf, TreeportError } from './base/errors.ts';
import { VERSION } from './base/version.ts';
import { printLine } from './cli/output.ts';
import { reportError, warn } from './cli/report.ts';
import * as serveOptions from './cli/serve-options.ts';
import { runServer } from './cli/serve-processes.ts';
import { handleSignals } from './cli/signals.ts';
import { DEFAULT_BAKE, parseBake } from './mirror/packs/bake.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const SEAL_OPTIONS = {
  ref: { type: 'string', multiple: true, default: [] as string[] },
  bake: { type: 'string', default: DEFAULT_BAKE },
  delta: { type: 'string', default: 'virtual' },
  root: { type: 'string', default: '/' },
  expect: { type: 'string', default: VERSION },
} as const satisfies Options;

const USAGE = `treeport ${VERSION}, the runtime of a mirror image. Its verbs are
  serve [OPTION]...
${serveOptions.SERVE_OPTION_KEYS.map(usageLine).join('\n')}
  check [URL]
  seal [--ref NAME]... [--bake none|auto|all|SIZE] [--delta virtual|none] [--root DIRECTORY]
       [--expect VERSION]
`;

const READY_URL = 'http://127.0.0.1:8080/readyz';

async function run([verb, ...args]: readonly string[]): Promise<void> {
  switch (verb) {
    case 'serve':
      return serveMirror(args);
    case 'check': {
      const { checkHealth } = await import('./server/health.ts');
      return checkHealth(args[0] ?? READY_URL);
    }
    case 'seal':
      return sealImage(args);
    case '--version':
      console.log(VERSION);
      return;
    case '--help':
      process.stdout.write(USAGE);
      return;
    default:
      throw new TreeportError(
        'ERR_USAGE',
        `${JSON.stringify(verb ?? '')} is not a verb: use serve, check or seal (--help)`,
      );
  }
}

function serveMirror(args: readonly string[]): Promise<void> {
  return runServer(serveOptions.serveSettings(serveValues(args)), async (settings) => {
    const { findPublishedRepo, openPublishedRepo } = await import('./mirror/open-published.ts');
    const { serve } = await import('./server/listen.ts');
    const path = await findPublishedRepo(import.meta.dirname);
    if (path === undefined) {
      throw new TreeportError(
        'ERR_REPO_MISSING',
        'this image has no published repo: it is a runtime image. Build a mirror image from it',
      );
    }
    const repo = await openPublishedRepo(path);
    const summarySigners = await serveOptions.serveSigners(settings);
    return serve({ ...settings, repo, summarySigners, assetsDir: join(import.meta.dirname, 'assets') });
  });
}

function serveValues(args: readonly string[]): serveOptions.ServeValues {
  const options = serveOptions.SERVE_OPTION_KEYS.map((key) => {
    const fallback = imageDefault(key);
    return [
      serveOptions.optionName(key),
      { type: 'string', ...(fallback === undefined ? {} : { default: fallback }) },
    ];
  });
  const values = parse(
    args,
    Object.fromEntries(options) as Readonly<Record<string, { readonly type: 'string' }>>,
  );
  return Object.fromEntries(
    serveOptions.SERVE_OPTION_KEYS.map((key) => [key, values[serveOptions.optionName(key)]]),
  );
}

function imageDefault(key: serveOptions.ServeOptionKey): string | undefined {
  return serveOptions.SERVE_OPTIONS[key].imageDefault ?? serveOptions.SERVE_OPTIONS[key].default;
}

function usageLine(key: serveOptions.ServeOptionKey): string {
  const { value, description } = serveOptions.SERVE_OPTIONS[key];
  const fallback = imageDefault(key);
  const option = `--${serveOptions.optionName(key)} ${value.toUpperCase()}`.padEnd(22);
  return `    ${option} ${description}${fallback === undefined ? '' : ` (default ${fallback})`}`;
}

async function sealImage(args: readonly string[]): Promise<void> {
  const { seal } = await import('./mirror/seal.ts');
  const { ref, bake, delta, root, expect } = parse(args, SEAL_OPTIONS);
  if (delta !== 'virtual' && delta !== 'none')
    throw new TreeportError('ERR_USAGE', `--delta is virtual or none, not "${delta}"`);
  if (expect !== VERSION)
    throw new TreeportError(
      'ERR_USAGE',
      `this runtime is of treeport ${VERSION}, but the labels will name ${expect}: give --build-arg VERSION=${VERSION}`,
    );
  process.umask(0o022);
  const { publication, objects, baked } = await seal({
    root,
    bake: parseBake(bake),
    virtualDeltas: delta === 'virtual',
    refs: ref.filter((name) => name !== ''),
    warn,
  });
  const names = publication.refs.map(({ name }) => name).join(', ') || 'no ref';
  await printLine(
    `sealed ${objects} content objects of commit ${publication.commits[0]}, published as ${names}; ` +
      `${baked.objects} of them are ready to be sent, ${formatByteSize(baked.bytes)}`,
  );
  const bound = publication.refs.map(({ name }) => name).join(' ');
  if (ref.length === 0 && bound !== '')
    await printLine(`the label treeport.refs will be empty: --build-arg REFS="${bound}" fills it`);
}

/** Values from the command line, else from the environment, else the defaults. */
function parse<T extends Options>(args: readonly string[], options: T) {
  const withEnvironment = Object.entries(options).map(([name, option]) => {
    const value = process.env[serveOptions.variableName(name)];
    if (value === undefined || value === '') return [name, option];
    return [name, { ...option, default: option.multiple ? value.split(/\s+/) : value }];
  });
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(withEnvironment) as T, strict: true })
      .values;
  } catch (error) {
    throw new TreeportError('ERR_USAGE', messageOf(error), { cause: error });
  }
}

handleSignals();
void run(process.argv.slice(2)).catch(reportError);
