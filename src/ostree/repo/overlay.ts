/** Overlays one ObjectSource over another: objects missing in `upper` are read from `lower`. */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../checksum.ts';
import { formatObjectName } from '../object-name.ts';
import { contentHead, type ObjectSource, type OpenedContent } from '../object-source.ts';

export function overlay(upper: ObjectSource, lower: ObjectSource): ObjectSource {
  return {
    has: async (name) => (await upper.has(name)) || lower.has(name),
    metadata: (type, checksum) =>
      orElse(upper.metadata(type, checksum), () => lower.metadata(type, checksum)),
    content: (checksum) => orElse(upper.content(checksum), () => lower.content(checksum)),
    head: (checksum) => orElse(contentHead(upper, checksum), () => contentHead(lower, checksum)),
    openContent: (checksum) => openFirst(upper, lower, checksum),
    async *list() {
      const seen = new Set<string>();
      for await (const name of upper.list()) {
        seen.add(formatObjectName(name));
        yield name;
      }
      for await (const name of lower.list()) {
        if (!seen.has(formatObjectName(name))) yield name;
      }
    },
  };
}

function openFirst(upper: ObjectSource, lower: ObjectSource, checksum: Checksum): OpenedContent | undefined {
  try {
    return upper.openContent?.(checksum);
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return lower.openContent?.(checksum);
    throw error;
  }
}

async function orElse<T>(first: Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first;
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return second();
    throw error;
  }
}
