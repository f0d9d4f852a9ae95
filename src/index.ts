/** The library's public API, all of it; each part is a module of its own (docs/library.md). */
export * from './library/container.ts';
export * from './library/delta.ts';
export * from './library/mirror.ts';
export * from './library/ostree.ts';
export * from './library/packages.ts';
export * from './library/repository.ts';
export * from './library/server.ts';
export * from './library/snapshot.ts';
