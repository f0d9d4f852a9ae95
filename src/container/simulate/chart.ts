/** A simulated history as an SVG: a group of bars for each update, a bar for each packing. */
import { formatByteSize } from '../../base/byte-size.ts';
import type { SimulatedStep, SimulatedUpdate } from './simulate.ts';

const WIDTH = 960;
const BAR = 16;
const GAP = 4;
const HEADING = 28;
/** Left of the bars, for names, and right of them, for bytes. */
const [LEFT, RIGHT] = [200, 110];
const MINIMUM_COLOUR = '#7f7f7f';
const COLOURS: Readonly<Record<SimulatedUpdate['packing'], string>> = {
  stable: '#1b7837',
  compatible: '#c2641a',
  single: '#2166ac',
};

type Bar = {
  readonly label: string;
  readonly bytes: number;
  readonly colour: string;
  readonly faint: boolean;
};

/** The updates only, because the first image would dwarf them. */
export function historyChart(steps: readonly SimulatedStep[]): string {
  const groups = steps.slice(1).map((step) => ({ title: step.name, bars: barsOf(step) }));
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ bytes }) => bytes)));
  const at = { y: GAP };
  const body = groups.flatMap(({ title, bars }) => {
    const heading = text(GAP, at.y + HEADING - 10, title, 'font-weight="bold"');
    at.y += HEADING;
    const drawn = bars.flatMap((bar) => {
      const lines = drawBar(bar, at.y, most);
      at.y += BAR + GAP;
      return lines;
    });
    return [heading, ...drawn];
  });
  const size = `width="${WIDTH}" height="${at.y + GAP}" viewBox="0 0 ${WIDTH} ${at.y + GAP}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">`,
    '<title>Bytes of each update by packing of layers</title>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...body,
    '</svg>\n',
  ].join('\n');
}

function barsOf({ minimum, updates }: SimulatedStep): readonly Bar[] {
  return [
    { label: 'minimum', bytes: minimum, colour: MINIMUM_COLOUR, faint: false },
    ...updates.map((update) => ({
      label: seriesName(update),
      bytes: update.bytes,
      colour: COLOURS[update.packing],
      faint: !update.previous && update.packing !== 'single',
    })),
  ];
}

function drawBar({ label, bytes, colour, faint }: Bar, y: number, most: number): readonly string[] {
  const width = Math.max(1, Math.round((bytes / most) * (WIDTH - LEFT - RIGHT)));
  const opacity = faint ? ' fill-opacity="0.45"' : '';
  return [
    text(LEFT - 8, y + BAR - 4, label, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" fill="${colour}"${opacity}/>`,
    text(LEFT + width + 6, y + BAR - 4, formatByteSize(bytes), ''),
  ];
}

/** What the packing is called in tables and charts. */
export function seriesName({ packing, previous }: Pick<SimulatedUpdate, 'packing' | 'previous'>): string {
  return packing === 'single' || previous ? packing : `${packing}, cold`;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function text(x: number, y: number, content: string, attributes: string): string {
  // Other control characters are not allowed in XML, even escaped.
  const safe = content.replaceAll(/\p{Cc}/gu, '\ufffd').replaceAll(/[&<>"]/g, (sign) => ESCAPED[sign] ?? '');
  return `<text x="${x}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${safe}</text>`;
}
