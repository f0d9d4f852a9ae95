/** `treeport/server`: the HTTP mirror, as a server or a plugin of Fastify. It loads no foreign code. */
export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { createServer, type Server } from '../server/app.ts';
export { type Exported, type ExportOptions, exportRepository } from '../server/export/export-repository.ts';
export { type RunningServer, type ServeOptions, serve } from '../server/listen.ts';
export { mirror } from '../server/mirror.ts';
export type { MirrorOptions, ServerOptions } from '../server/options.ts';
