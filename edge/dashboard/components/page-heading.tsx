/** What a page is about: its heading, and the title of its tab, so that tabs can be told apart. */
import { createEffect, onCleanup } from 'solid-js';

const PRODUCT = 'RLCD';

export function PageHeading(props: { readonly text: string }) {
  createEffect(() => {
    document.title = `${props.text} · ${PRODUCT}`;
  });
  onCleanup(() => {
    document.title = PRODUCT;
  });
  return <h1>{props.text}</h1>;
}
