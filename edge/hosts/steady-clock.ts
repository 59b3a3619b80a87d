/**
 * The Node host's clock. Leases, delays and keys end by it, so it never goes back: while the machine's clock is set back it
 * goes on from where it was, and says so. It follows the machine's clock forwards, where leases end sooner at the worst.
 */

/** Less is the rounding of two clocks, and what a machine corrects all the time. */
const TOLERANCE_MILLISECONDS = 1000;

/**
 * @param tell told of every jump, in a line
 * @param wall the machine's clock, milliseconds since the epoch
 * @param monotonic milliseconds since any time, never set
 */
export function createSteadyClock(
  tell: (line: string) => void,
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): () => number {
  let offset = wall() - monotonic();
  let behind = 0;
  return () => {
    const steady = monotonic() + offset;
    const ahead = wall() - steady;
    if (ahead > TOLERANCE_MILLISECONDS) {
      tell(`The clock of this machine jumped ${Math.round(ahead)} ms ahead, and the edge followed`);
      offset += ahead;
      behind = 0;
      return Math.floor(steady + ahead);
    }
    if (-ahead - behind > TOLERANCE_MILLISECONDS) {
      behind = -ahead;
      tell(
        `The clock of this machine is ${Math.round(behind)} ms behind the edge's: the edge goes on by its own, so that no lease grows; start it again to follow`,
      );
    }
    return Math.floor(steady);
  };
}
