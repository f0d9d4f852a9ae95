/** All supported signature engines, by name. */
import { ed25519 } from './ed25519.ts';
import type { EngineName, SignEngine } from './engine.ts';
import { spki } from './spki.ts';

export const SIGN_ENGINES: Readonly<Record<EngineName, SignEngine>> = { ed25519, spki };

export function isEngineName(text: string): text is EngineName {
  return Object.hasOwn(SIGN_ENGINES, text);
}
