/** Parses the parts of Markdown pages that the documentation tests check. */

const FENCE = /^```(\w*)\n([\s\S]*?)^```/gm;

/** The lines of `sh` code blocks; a line that ends in a backslash is joined with the next. */
export function codeLines(text: string): string[] {
  const blocks = [...text.matchAll(FENCE)]
    .filter((match) => match[1] === 'sh')
    .map((match) => match[2] as string);
  return blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'));
}

/** The code within lines of prose. */
export function codeSpans(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);
}

/** The targets of links. */
export function links(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
}

/** The anchors of the headings, as GitHub makes them. */
export function anchors(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
