/**
 * The messages of skopeo's image proxy: JSON, a packet each. A reply has `success`, and either `error` or
 * `value`; `pipeid` names the pipe whose descriptor comes with the packet.
 */
import { type Json, type JsonObject, jsonObject, jsonSize, parseJson } from '../model/json.ts';

export type DecodedReply = {
  /** Undefined on success. */
  readonly error: string | undefined;
  readonly value: Json | undefined;
  /** ERR_JSON unless the reply names a pipe. */
  pipeId(): number;
};

/**
 * Methods whose reply waits for the registry. FinishPipe is not one of them, because the pipe's reader
 * watches for stalls.
 */
const WAITING_FOR_REGISTRY: readonly string[] = [
  'OpenImage',
  'GetManifest',
  'GetFullConfig',
  'GetLayerInfo',
  'GetBlob',
];

export function waitsForRegistry(method: string): boolean {
  return WAITING_FOR_REGISTRY.includes(method);
}

export function encodeRequest(method: string, args: readonly Json[]): Buffer {
  return Buffer.from(JSON.stringify({ method, args }));
}

/** ERR_JSON. */
export function decodeReply(bytes: Buffer): DecodedReply {
  const what = 'a reply of skopeo';
  const reply: JsonObject = jsonObject(parseJson(bytes, what), what);
  return {
    error: reply.success === true ? undefined : String(reply.error),
    value: reply.value,
    pipeId: () => jsonSize(reply.pipeid, `pipeid in ${what}`),
  };
}
