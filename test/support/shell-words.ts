/** Parses the subset of shell grammar that the documentation's command lines use. */

const TOKEN = /\s*(?:(#.*)|(&&|\|\||[|;&])|(\d?(?:>>|[<>])\s*\S+)|((?:'[^']*'|"[^"]*"|[^\s'"|;&<>])+))/gy;

/**
 * Splits a line into commands and their words, without comments, redirections and leading `npx` or `sudo`.
 */
export function shellWords(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const [, , operator, , word] of line.trim().matchAll(TOKEN)) {
    if (operator !== undefined) commands.push([]);
    else if (word !== undefined) commands.at(-1)?.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return commands.map((words) =>
    words.slice(words.findIndex((word) => !['npx', 'sudo', '$'].includes(word))),
  );
}
