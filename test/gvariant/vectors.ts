/** The vectors that test/fixtures/gvariant-vectors.py made with GLib. */
import { readFileSync } from 'node:fs';

export type Vector = { readonly type: string; readonly text: string; readonly bytes: Buffer };
export type Rejected = { readonly type: string; readonly hex: string };

type Fixture = {
  readonly vectors: readonly { readonly type: string; readonly text: string; readonly hex: string }[];
  readonly rejected: readonly Rejected[];
};

const file = new URL('../fixtures/gvariant-vectors.json', import.meta.url);
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

export const vectors: readonly Vector[] = fixture.vectors.map(({ type, text, hex }) => ({
  type,
  text: stretch(text),
  bytes: Buffer.from(stretch(hex), 'hex'),
}));

/** Serialized forms that GLib does not call normal. */
export const rejected: readonly Rejected[] = fixture.rejected;

/** Undoes the run-length notation `{unit*count}`. */
function stretch(text: string): string {
  return text.replaceAll(/\{(a|'', |61|00|01)\*(\d+)\}/g, (_, unit: string, count: string) =>
    unit.repeat(Number(count)),
  );
}
