/** Loaded into a program: its clock is five minutes behind. */
const now = Date.now.bind(Date);
Date.now = () => now() - 5 * 60_000;
