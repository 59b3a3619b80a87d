/** Loaded into a runner: its time-outs run out much sooner, so that a test need not wait for them. */
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => timeout(Math.min(milliseconds / 20, 1500));
