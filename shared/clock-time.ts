/** Times of the clock as a person reads them. */

const DAY = 86_400_000;

/** `20:41`, or `Mon 20:41` where it is no longer the same day; in the machine's time zone. @param at milliseconds */
export function clockTime(at: number, now = Date.now()): string {
  const time = new Date(at).toTimeString().slice(0, 5);
  const sameDay = at - now < DAY && new Date(at).getDate() === new Date(now).getDate();
  return sameDay ? time : `${new Date(at).toDateString().slice(0, 3)} ${time}`;
}
