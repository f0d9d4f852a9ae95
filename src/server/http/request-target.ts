/**
 * Request targets as web servers take them: the absolute form (RFC 9112 §3.2.2), which proxies send, means its path,
 * and several slashes are one, as nginx merges them. Nothing else is changed; a query stays.
 */
const ABSOLUTE = /^https?:\/\/[^/?#]+/i;

export function normaliseTarget(target: string): string {
  // Almost all targets are what they should be already.
  if (target.startsWith('/') && !target.includes('//')) return target;
  const path = target.replace(ABSOLUTE, '');
  const query = path.indexOf('?');
  const end = query === -1 ? path.length : query;
  return (path.slice(0, end).replace(/\/{2,}/g, '/') || '/') + path.slice(end);
}
