/** What replaces the places (`@COMMANDS@`) in the completion scripts of src/cli/assets. */
import type { Command } from 'commander';
import { KNOWN_TRANSPORTS } from '../../oci/model/reference.ts';
import { bashCommands } from './bash.ts';
import { fishCommands } from './fish.ts';
import { completedCommands, type Shell } from './spec.ts';
import { zshPlaces } from './zsh.ts';

export function completionPlaces(shell: Shell, program: Command): Readonly<Record<string, string>> {
  const commands = completedCommands(program);
  switch (shell) {
    case 'bash':
      return { TRANSPORTS: KNOWN_TRANSPORTS.join('|'), COMMANDS: bashCommands(commands) };
    case 'zsh':
      return { TRANSPORTS: KNOWN_TRANSPORTS.join(' '), ...zshPlaces(commands) };
    case 'fish':
      return { TRANSPORTS: KNOWN_TRANSPORTS.join(' '), COMMANDS: fishCommands(commands) };
  }
}
