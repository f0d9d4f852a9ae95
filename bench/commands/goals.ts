/** The goal of every verb: peak memory on the Debian tree, in 10^6 bytes. */
export const VERB_MEGABYTES = 120;
