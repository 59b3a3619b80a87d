/** What a page is about: its heading, and the title of its tab, so that tabs can be told apart. */
import { createEffect, onCleanup } from 'solid-js';
import { visibleName } from '../text/visible-text.ts';

const PRODUCT = 'RLCD';

export function PageHeading(props: { readonly text: string }) {
  const shown = () => visibleName(props.text);
  createEffect(() => {
    document.title = `${shown()} · ${PRODUCT}`;
  });
  onCleanup(() => {
    document.title = PRODUCT;
  });
  return <h1>{shown()}</h1>;
}
