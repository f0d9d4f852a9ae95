/** Compares the rows of this build with those of another build that was measured in the same rounds. */
import { OTHER_SUFFIX } from './builds.ts';
import { BY_DEFAULT, pairRatios, type Row, type Section } from './result.ts';

/** No worse, but for noise. */
const TOLERANCE = 1.05;

/** Adds a ratio after each row that the other build has, too. */
export function withRatios(section: Section): Section {
  const others = new Map(
    section.rows
      .filter(({ what }) => what.includes(OTHER_SUFFIX))
      .map((row) => [row.what.replace(OTHER_SUFFIX, ''), row]),
  );
  const rows = section.rows.flatMap((row) => {
    const other = others.get(row.what);
    return other === undefined ? [row] : [row, ratio(row, other)];
  });
  return { ...section, rows };
}

function ratio(row: Row, other: Row): Row {
  const goal = row.unit === 'per second' ? { atLeast: 1 / TOLERANCE } : { atMost: TOLERANCE };
  return {
    what: `${row.what} / the other build`,
    unit: 'ratio',
    values: pairRatios(row.values, other.values),
    setting: row.setting ?? BY_DEFAULT,
    ...goal,
  };
}
