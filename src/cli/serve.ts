import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { openRepo } from './open-repo.ts';
import { writeOut } from './output.ts';
import {
  type ConfigKey,
  configText,
  configuredValues,
  type RepositoryOptionKey,
  serveConfig,
} from './serve-config.ts';
import * as serveOptions from './serve-options.ts';
import { runServer, type StartBeside, type StartServer } from './serve-processes.ts';

const REPOSITORY_OPTIONS: Readonly<Record<RepositoryOptionKey, serveOptions.ServeOption>> = {
  repo: { value: 'path', description: 'path of the ostree repository, or of a published repo; required' },
  deltaPolicy: {
    value: 'file',
    description:
      'keep the static deltas of the repository as this policy lists them, by `treeport delta maintain` ' +
      'beside the server',
  },
};
const REPOSITORY_KEYS = Object.keys(REPOSITORY_OPTIONS) as readonly RepositoryOptionKey[];
const KEYS: readonly ConfigKey[] = [...REPOSITORY_KEYS, ...serveOptions.SERVE_OPTION_KEYS];

type Options = serveOptions.ServeValues & {
  readonly repo?: string;
  readonly deltaPolicy?: string;
  readonly config?: string;
  readonly printConfig?: boolean;
};

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('serve a repository of any mode over HTTP, as an archive repository, as it changes');
  for (const key of KEYS) command.addOption(serveOption(key));
  command
    .addOption(
      new Option('--config <file>', 'take options that are not given otherwise from this file').env(
        serveOptions.variableName('config'),
      ),
    )
    .option('--print-config', 'print the options as a configuration file, with where they are from, and exit')
    .action((options: Options) => serveRepository(options, command));
}

const OPTIONS: Readonly<Record<ConfigKey, serveOptions.ServeOption>> = {
  ...REPOSITORY_OPTIONS,
  ...serveOptions.SERVE_OPTIONS,
};

function serveOption(key: ConfigKey): Option {
  const name = serveOptions.optionName(key);
  const { value, description, default: defaultValue, choices } = OPTIONS[key];
  const option = new Option(`--${name} <${value}>`, description).env(serveOptions.variableName(name));
  if (choices !== undefined) option.choices(choices);
  if (key === 'signSummary') option.argParser(onLines);
  return defaultValue === undefined ? option : option.default(defaultValue);
}

/** Repeated values, on one line each. */
function onLines(value: string, others?: string): string {
  return others === undefined ? value : `${others}\n${value}`;
}

/** Commander's values of the environment and of defaults are left out: serve-config.ts looks for them. */
function givenOptions(options: Options, command: Command): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => command.getOptionValueSource(key) === 'cli'),
  );
}

async function serveRepository(options: Options, command: Command): Promise<void> {
  const { printConfig: _, ...given } = givenOptions(options, command);
  const config = serveConfig({
    given,
    environment: process.env,
    keys: KEYS,
    defaultOf: (key) => OPTIONS[key].default,
  });
  if (options.printConfig) return writeOut(configText(config, KEYS));
  const path = config.repo?.value;
  if (path === undefined)
    throw new TreeportError(
      'ERR_USAGE',
      'name the repository: --repo, TREEPORT_REPO or repo= in the configuration file (see --help)',
    );
  const start: StartServer = async (settings) => {
    const { serve } = await import('../server/listen.ts');
    const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
    const isPublished = await isPublishedRepo(path);
    const repo = isPublished ? await openPublishedRepo(path) : await openRepo(path);
    const reopen = isPublished ? {} : { reopen: () => openRepo(repo.path) };
    const summarySigners = await serveOptions.serveSigners(settings);
    return serve({ repo, ...reopen, ...settings, summarySigners });
  };
  const settings = serveOptions.serveSettings(configuredValues(config));
  await runServer(settings, start, await maintenance(path, config.deltaPolicy?.value, settings.logLevel));
}

/** What keeps the deltas, once started; ERR_DELTA_POLICY, ERR_USAGE. */
async function maintenance(
  repo: string,
  policy: string | undefined,
  logLevel: string,
): Promise<StartBeside | undefined> {
  if (policy === undefined) return undefined;
  const { isPublishedRepo } = await import('../mirror/open-published.ts');
  if (await isPublishedRepo(repo))
    throw new TreeportError(
      'ERR_USAGE',
      `--delta-policy: ${repo} is of a mirror image, whose deltas are made by \`mirror build --delta policy=FILE\``,
    );
  const { readPolicyFile } = await import('../delta/maintain/policy.ts');
  const { startDeltaMaintenance } = await import('./serve-deltas.ts');
  readPolicyFile(policy);
  return () => startDeltaMaintenance({ repo, policy, logLevel });
}
