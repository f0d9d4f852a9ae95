/** Seconds that every manifest and document here gives a mirror to end, before it is killed. */
export const GRACE_SECONDS = 40;
