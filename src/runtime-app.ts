/**
 * The program inside mirror images: `serve`, their entry point, `check` for health checks by a command, and
 * `seal`, which a container build runs. It is bundled into one file (scripts/bundle.ts), which
 * runtime-start.ts runs, and kept small, because it is read whenever a mirror starts. Options come from the
 * command line, from the environment as TREEPORT_LISTEN and so on, or from a file.
 */
import { join } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { formatByteSize } from './base/byte-size.ts';
import { messageOf, TreeportError } from './base/errors.ts';
import { didYouMean } from './base/similar.ts';
import { VERSION } from './base/version.ts';
import { printLine, writeOut } from './cli/output.ts';
import { reportError, warn } from './cli/report.ts';
import {
  configText,
  configuredValues,
  isServeOption,
  type ServeConfig,
  serveConfig,
} from './cli/serve-config.ts';
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
    --config FILE          take options that are not given otherwise from this file
    --print-config         print the options as such a file, with where they are from, and exit
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

async function serveMirror(args: readonly string[]): Promise<void> {
  const { config, isPrinted } = configOf(args);
  if (isPrinted) return writeOut(configText(config, serveOptions.SERVE_OPTION_KEYS));
  await runServer(serveOptions.serveSettings(configuredValues(config)), async (settings) => {
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

function configOf(args: readonly string[]): { readonly config: ServeConfig; readonly isPrinted: boolean } {
  const names = [...serveOptions.SERVE_OPTION_KEYS.map(serveOptions.optionName), 'config'];
  const options: Options = {
    ...Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: true }] as const)),
    'print-config': { type: 'boolean' },
  };
  const values = parseOptions(args, options);
  const given = (key: string) => {
    const value = values[serveOptions.optionName(key)];
    if (!Array.isArray(value)) return [];
    // The last one counts, but signers add up.
    return [[key, key === 'signSummary' ? value.join('\n') : value.at(-1)]];
  };
  const config = serveConfig({
    given: Object.fromEntries(['config', ...serveOptions.SERVE_OPTION_KEYS].flatMap(given)),
    environment: process.env,
    keys: serveOptions.SERVE_OPTION_KEYS,
    defaultOf: (key) => (isServeOption(key) ? imageDefault(key) : undefined),
  });
  return { config, isPrinted: values['print-config'] === true };
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
  return parseOptions(args, Object.fromEntries(withEnvironment) as T);
}

function parseOptions<T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const unknown = /^Unknown option '(--[^']+)'/.exec(messageOf(error))?.[1];
    const names = Object.keys(options).map((name) => `--${name}`);
    const message =
      unknown === undefined ? messageOf(error) : `unknown option '${unknown}'${didYouMean(unknown, names)}`;
    throw new TreeportError('ERR_USAGE', message, { cause: error });
  }
}

handleSignals();
void run(process.argv.slice(2)).catch(reportError);
