/** Loaded into a runner: the limits of its calls run out much sooner, so that a test need not wait for them. */
const SHORTEST_LIMIT = 15_000;
const start = globalThis.setTimeout;

/** Pauses and beats are shorter than any call's limit, and stay. */
function sooner(call: (...given: unknown[]) => void, milliseconds = 0, ...given: unknown[]): NodeJS.Timeout {
  const delay = milliseconds < SHORTEST_LIMIT ? milliseconds : Math.min(milliseconds / 20, 1500);
  return start(call, delay, ...given);
}
globalThis.setTimeout = Object.assign(sooner, start) as typeof setTimeout;
