/** Leads to what is wrong: it is read first where it stands. */
export function focusFault(form: HTMLFormElement | null | undefined): void {
  form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
