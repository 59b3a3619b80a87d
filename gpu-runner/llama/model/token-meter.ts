/**
 * Tokens that the engine of this thread has worked through since it was started: what a task costs beside its time.
 * It stands at the engine's own doors, so that no algorithm can forget to count; a thread does one task at a time.
 */
export const tokenMeter = { prompt: 0, sampled: 0, scored: 0, trained: 0 };
