/**
 * Strips an ELF program of everything after the last loaded segment: symbol tables, debugging data and
 * section headers. The loaded bytes stay the same, except for the three fields of the ELF header that refer
 * to the section headers, which become 0.
 */
import { createReadStream } from 'node:fs';
import type { LayerFile } from '../layer.ts';
import { ELF_HEADER_BYTES, type ElfFile } from './elf.ts';

const SECTIONS_OFFSET_AT = 40;
const SECTIONS_COUNT_AT = 60;
const SECTION_NAMES_AT = 62;

/** The stripped program as content of a layer. */
export function strippedProgram(elf: ElfFile): Pick<LayerFile, 'size' | 'source' | 'stream'> {
  return { size: elf.loadedBytes, source: elf.path, stream: () => strippedBytes(elf) };
}

async function* strippedBytes({ path, loadedBytes }: ElfFile): AsyncGenerator<Uint8Array> {
  const header = { pending: true };
  for await (const piece of createReadStream(path, { end: loadedBytes - 1, highWaterMark: 1024 * 1024 })) {
    if (header.pending) clearSections(piece as Buffer);
    header.pending = false;
    yield piece as Buffer;
  }
}

/** The first piece of a file always holds the whole ELF header. */
function clearSections(start: Buffer): void {
  start.fill(0, SECTIONS_OFFSET_AT, SECTIONS_OFFSET_AT + 8);
  start.fill(0, SECTIONS_COUNT_AT, SECTIONS_COUNT_AT + 2);
  start.fill(0, SECTION_NAMES_AT, Math.min(SECTION_NAMES_AT + 2, ELF_HEADER_BYTES));
}
