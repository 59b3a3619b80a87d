/** Small pictures beside words; they say nothing that the words do not. */
import type { JSX } from 'solid-js';

function Icon(props: { readonly children: JSX.Element }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {props.children}
    </svg>
  );
}

export const CheckIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6.25" />
    <path d="m5.2 8.2 2 2 3.6-4.2" />
  </Icon>
);
export const CrossIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6.25" />
    <path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4" />
  </Icon>
);
export const RunIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6.25" stroke-dasharray="2.4 2.5" />
    <path d="M6.6 5.6 10.4 8l-3.8 2.4z" fill="currentColor" stroke="none" />
  </Icon>
);
export const WaitIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6.25" />
    <path d="M8 4.6V8l2.2 1.6" />
  </Icon>
);
export const StopIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="6.25" />
    <path d="m3.8 12.2 8.4-8.4" />
  </Icon>
);
export const PinIcon = () => (
  <Icon>
    <path d="M6 2.5h4M6.5 2.5 6 7.2 4 9.5h8L10 7.2l-.5-4.7M8 9.5v4" />
  </Icon>
);
