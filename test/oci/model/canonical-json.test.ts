import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalJson } from '../../../src/oci/model/canonical-json.ts';
import type { Json } from '../../../src/oci/model/json.ts';
import { coded } from '../../support/expect.ts';

/** Input and output of RFC 8785, sections 3.2.2 and 3.2.3, and corner cases of ECMAScript's numbers. */
const VECTORS: readonly (readonly [Json, string])[] = [
  [
    {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    },
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    },
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  [{ '10': 1, '9': 2, b: { z: [], a: {} }, a: -0 }, '{"10":1,"9":2,"a":0,"b":{"a":{},"z":[]}}'],
  [Number('9007199254740993'), '9007199254740992'],
  ['\u2028\u007f\b\f\t', '"\u2028\u007f\\b\\f\\t"'],
];

test('canonical JSON gives the bytes of RFC 8785', () => {
  for (const [value, expected] of VECTORS) assert.equal(canonicalJson(value).toString(), expected);
});

test('members that are undefined are left out', () => {
  assert.equal(canonicalJson({ b: undefined, a: 1 }).toString(), '{"a":1}');
});

test('what has no canonical form is refused', () => {
  assert.throws(() => canonicalJson({ a: ['\ud800'] }), coded('ERR_JSON', 'Unicode'));
  assert.throws(() => canonicalJson({ '\udc00': 1 }), coded('ERR_JSON', 'Unicode'));
  assert.throws(() => canonicalJson([Number.NaN]), coded('ERR_JSON', 'NaN'));
  assert.throws(() => canonicalJson(Number.POSITIVE_INFINITY), coded('ERR_JSON', 'Infinity'));
});
