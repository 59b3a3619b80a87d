/** The version of what a runner computes: part of every task key, so results of another engine are not reused. */

/** Raise it with every change that alters the bytes of a result for the same task; a test of the graphs says when. */
export const ENGINE_VERSION = '13';
