/** The time as people see it move: one timer for all that says "3 min ago". */
import { createSignal } from 'solid-js';

const EVERY_MILLISECONDS = 5000;
const [now, setNow] = createSignal(Date.now());
setInterval(() => setNow(Date.now()), EVERY_MILLISECONDS);

export { now };
