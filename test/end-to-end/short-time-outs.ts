/** Loaded into a runner: its time-outs run out fifty times sooner, so that a test need not wait for them. */
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => timeout(milliseconds / 50);
