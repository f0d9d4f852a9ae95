/**
 * Signs by a command, so that treeport never sees the key: one in a token, a vault, or gpg's agent.
 *
 * The protocol: `/bin/sh -c COMMAND` gets the bytes to sign on standard input and writes the raw signature to
 * standard output: 64 bytes for ed25519, OpenSSL's form for spki, a binary detached OpenPGP signature for
 * gpg. TREEPORT_SIGN_TYPE has the kind, TREEPORT_SIGN_WHAT names the bytes: `commit <checksum>` or `summary`.
 * An exit status other than 0 is a failure, and the tail of standard error its reason.
 */
import { spawn } from 'node:child_process';
import { onEarlyExit } from '../../base/cleanup.ts';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { signatureClaims } from './openpgp.ts';
import type { SignatureKind, Signer } from './signer.ts';

export type SignCommandOptions = {
  /** Milliseconds until the command is killed; 120 s by default, because a token may wait for a touch. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 120_000;
/** The largest signatures in use, post-quantum ones, have some 50 KiB. */
const MAX_SIGNATURE = 64 * 1024;
const MAX_STDERR = 4096;
const ED25519_BYTES = 64;

/** Its `sign` rejects with ERR_SIGN_COMMAND. */
export function commandSigner(
  kind: SignatureKind,
  command: string,
  { timeoutMs = TIMEOUT_MS }: SignCommandOptions = {},
): Signer {
  return {
    kind,
    async sign(data, what) {
      const env = { ...process.env, TREEPORT_SIGN_TYPE: kind, TREEPORT_SIGN_WHAT: what };
      const signature = await runCommand(command, { env, data, timeoutMs });
      const fault = faultOf(kind, signature);
      if (fault !== undefined) throw failed(command, `it wrote ${fault}`);
      return signature;
    },
  };
}

type Run = { readonly env: NodeJS.ProcessEnv; readonly data: Uint8Array; readonly timeoutMs: number };

async function runCommand(command: string, { env, data, timeoutMs }: Run): Promise<Buffer> {
  const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const kill = () => killGroup(child.pid);
  const unregister = onEarlyExit(kill);
  const state = { timedOut: false, stderr: '' };
  const timer = setTimeout(() => {
    state.timedOut = true;
    kill();
  }, timeoutMs);
  const parts: Buffer[] = [];
  let length = 0;
  child.stdout.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= MAX_SIGNATURE) parts.push(part);
    else kill();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    state.stderr = (state.stderr + text).slice(-MAX_STDERR);
  });
  // A command may know the bytes already, and not read them.
  child.stdin.on('error', () => {});
  child.stdin.end(data);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals>();
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(signal ?? status ?? 'SIGKILL'));
    const end = await promise;
    if (state.timedOut) throw failed(command, `it did not end within ${timeoutMs / 1000} s`);
    if (length > MAX_SIGNATURE) throw failed(command, `it wrote more than ${MAX_SIGNATURE} bytes`);
    if (end !== 0) throw failed(command, messageOf(state.stderr) || `it ended with ${end}`);
    return Buffer.concat(parts);
  } catch (error) {
    throw errnoOf(error) === undefined ? error : failed(command, messageOf(error), error);
  } finally {
    clearTimeout(timer);
    unregister();
  }
}

/** The command and what it has started: the shell alone would leave them behind. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function faultOf(kind: SignatureKind, signature: Buffer): string | undefined {
  if (signature.length === 0) return 'nothing to standard output';
  if (kind === 'ed25519' && signature.length !== ED25519_BYTES)
    return `${signature.length} bytes, not the ${ED25519_BYTES} of a raw ed25519 signature`;
  if (kind === 'gpg' && signatureClaims(signature).length === 0)
    return 'no binary OpenPGP signature (gpg --detach-sign, without --armor)';
  return undefined;
}

function failed(command: string, why: string, cause?: unknown): TreeportError {
  const message = `the command to sign with, ${JSON.stringify(command)}, failed: ${why}`;
  return new TreeportError('ERR_SIGN_COMMAND', message, { cause });
}
