/** What a static delta saves, as one line of text. */
import { formatByteSize } from '../base/byte-size.ts';
import { counted } from '../base/counted.ts';
import { type Saving, savedShare } from '../delta/maintain/plan.ts';

export function savingText(saving: Saving): string {
  const { deltaBytes, deltaRequests, looseBytes, looseRequests } = saving;
  const share = Math.round(100 * savedShare(saving));
  const compared = `${Math.abs(share)} % ${share < 0 ? 'more' : 'less'}`;
  return (
    `${formatByteSize(deltaBytes)} instead of ${formatByteSize(looseBytes)}, ${compared}; ` +
    `${counted(deltaRequests, 'request')} instead of ${looseRequests}`
  );
}
