import { type Command, Option } from 'commander';
import { TreeportError } from '../base/errors.ts';
import { openRepo } from './open-repo.ts';
import { writeOut } from './output.ts';
import { type ConfigKey, configText, configuredValues, serveConfig } from './serve-config.ts';
import * as serveOptions from './serve-options.ts';
import { runServer } from './serve-processes.ts';

const KEYS: readonly ConfigKey[] = ['repo', ...serveOptions.SERVE_OPTION_KEYS];

type Options = serveOptions.ServeValues & {
  readonly repo?: string;
  readonly config?: string;
  readonly printConfig?: boolean;
};

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('serve a repository of any mode over HTTP, as an archive repository, as it changes')
    .addOption(
      new Option('--repo <path>', 'path of the ostree repository, or of a published repo; required').env(
        serveOptions.variableName('repo'),
      ),
    );
  for (const key of serveOptions.SERVE_OPTION_KEYS) command.addOption(serveOption(key));
  command
    .addOption(
      new Option('--config <file>', 'take options that are not given otherwise from this file').env(
        serveOptions.variableName('config'),
      ),
    )
    .option('--print-config', 'print the options as a configuration file, with where they are from, and exit')
    .action((options: Options) => serveRepository(options, command));
}

function serveOption(key: serveOptions.ServeOptionKey): Option {
  const name = serveOptions.optionName(key);
  const { value, description, default: defaultValue, choices } = serveOptions.SERVE_OPTIONS[key];
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
    defaultOf: (key) => (key === 'repo' ? undefined : serveOptions.SERVE_OPTIONS[key].default),
  });
  if (options.printConfig) return writeOut(configText(config, KEYS));
  const path = config.repo?.value;
  if (path === undefined)
    throw new TreeportError(
      'ERR_USAGE',
      'name the repository: --repo, TREEPORT_REPO or repo= in the configuration file (see --help)',
    );
  await runServer(serveOptions.serveSettings(configuredValues(config)), async (settings) => {
    const { serve } = await import('../server/listen.ts');
    const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
    const isPublished = await isPublishedRepo(path);
    const repo = isPublished ? await openPublishedRepo(path) : await openRepo(path);
    const reopen = isPublished ? {} : { reopen: () => openRepo(repo.path) };
    const summarySigners = await serveOptions.serveSigners(settings);
    return serve({ repo, ...reopen, ...settings, summarySigners });
  });
}
