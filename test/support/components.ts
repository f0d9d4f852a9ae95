/** Made-up components, for tests of packings. */
import type { Component } from '../../src/container/packing/component.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';

/** A package of a source of its own, with one object, unless `facts` say otherwise. */
export function madeComponent(
  name: string,
  facts: Partial<Component> & { readonly version?: number } = {},
): Component {
  const { version = 1, kind = 'package', size = 1000, ...others } = facts;
  return {
    identifier: `${name}-${version}`,
    name,
    key: name,
    kind,
    group: name,
    sourceId: name,
    changeFrequency: 1,
    changeRate: 1,
    changeTimeOffset: 0,
    size,
    objects: new Map([[checksumOf(Buffer.from(`${name} ${version}`)), [`/${name}`]]]),
    ...others,
  };
}
