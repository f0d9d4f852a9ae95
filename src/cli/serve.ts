import { type Command, Option } from 'commander';
import { openRepo } from './open-repo.ts';
import * as serveOptions from './serve-options.ts';
import { runServer } from './serve-processes.ts';

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('serve a repository of any mode over HTTP, as an archive repository, as it changes')
    .addOption(
      new Option(
        '--repo <path>',
        'path of the ostree repository, or of a published repo',
      ).makeOptionMandatory(),
    );
  for (const key of serveOptions.SERVE_OPTION_KEYS) command.addOption(serveOption(key));
  command.action(serveRepository);
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

function serveRepository(options: serveOptions.ServeValues & { readonly repo: string }): Promise<void> {
  return runServer(serveOptions.serveSettings(options), async (settings) => {
    const { serve } = await import('../server/listen.ts');
    const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
    const isPublished = await isPublishedRepo(options.repo);
    const repo = isPublished ? await openPublishedRepo(options.repo) : await openRepo(options.repo);
    const reopen = isPublished ? {} : { reopen: () => openRepo(repo.path) };
    const summarySigners = await serveOptions.serveSigners(settings);
    return serve({ repo, ...reopen, ...settings, summarySigners });
  });
}
