/** Grace period in seconds that every manifest and document gives a mirror to exit. */
export const GRACE_SECONDS = 40;
