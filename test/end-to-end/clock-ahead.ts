/** Loaded into a runner: its clock is five minutes ahead. */
const now = Date.now.bind(Date);
Date.now = () => now() + 5 * 60_000;
