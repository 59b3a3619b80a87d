/** Whether the screen is a phone's: read by what is laid out by numbers, where the style sheet alone cannot do it. */
import { createSignal } from 'solid-js';

/** As the style sheets have it. */
const query = matchMedia('(max-width: 46rem)');
const [isNarrow, setNarrow] = createSignal(query.matches);
query.addEventListener('change', ({ matches }) => setNarrow(matches));

export { isNarrow };
