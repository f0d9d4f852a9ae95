/**
 * Valid text of the string types: any UTF-8 without NUL (`s`), an object path (`o`), a sequence of complete
 * D-Bus types (`g`). Source: GVariant specification 1.0, §2.3.
 */
import { isTreeportError } from '../base/errors.ts';
import { MAX_TYPE_LENGTH, parseType } from './type.ts';

/** True if `text` is a value of the string type `signature`. */
export function isTextOf(signature: string, text: string): boolean {
  switch (signature) {
    case 'o':
      return isObjectPath(text);
    case 'g':
      return isSignature(text);
    default:
      return !text.includes('\0') && text.isWellFormed();
  }
}

function isObjectPath(text: string): boolean {
  if (text === '/') return true;
  return text.startsWith('/') && !/[^A-Za-z0-9_/]|\/\/|\/$/.test(text);
}

function isSignature(text: string): boolean {
  // D-Bus has no maybe types.
  if (text.length > MAX_TYPE_LENGTH || /[^ybnqiuxthdvasog(){}]/.test(text)) return false;
  try {
    parseType(`(${text})`);
    return true;
  } catch (error) {
    if (isTreeportError(error, 'ERR_VARIANT')) return false;
    throw error;
  }
}
