/** Parses the image argument of verbs that only read: a reference with or without a verification scheme. */
import {
  formatOstreeImageReference,
  hasVerificationScheme,
  type OstreeImageReference,
  parseOstreeImageReference,
  unverifiedReference,
} from '../container/inspect/ostree-image-reference.ts';
import { formatImageReference, parseImageReference } from '../oci/model/reference.ts';

export type ImageArgument = {
  readonly reference: OstreeImageReference;
  /** For display. */
  readonly name: string;
};

export function imageArgument(text: string): ImageArgument {
  if (hasVerificationScheme(text)) {
    const reference = parseOstreeImageReference(text);
    return { reference, name: formatOstreeImageReference(reference) };
  }
  const image = parseImageReference(text);
  return { reference: unverifiedReference(image), name: formatImageReference(image) };
}
