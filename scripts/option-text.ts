/** What the reference says about an option: its description and notes, for docs/cli.md and manual pages. */
import type { Option } from 'commander';

export function describedOption(option: Option): string {
  const notes = [
    option.mandatory ? 'required' : '',
    option.argChoices === undefined ? '' : `one of ${option.argChoices.join(', ')}`,
    hasDefault(option) ? `default ${defaultText(option)}` : '',
    option.envVar === undefined ? '' : `or the environment variable ${option.envVar}`,
  ].filter((note) => note !== '');
  return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

function hasDefault({ defaultValue, negate }: Option): boolean {
  return defaultValue !== undefined && defaultValue !== false && !negate;
}

function defaultText(option: Option): string {
  return option.defaultValueDescription ?? String(option.defaultValue);
}
