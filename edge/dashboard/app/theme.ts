/** Light, dark, or as the system has it; kept for this browser. */
import { createSignal } from 'solid-js';

const STORED = 'rlcd-theme';
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const stored = localStorage.getItem(STORED);
const [theme, setSignal] = createSignal<Theme>(THEMES.find((name) => name === stored) ?? 'system');
apply(theme());
export { theme };

function apply(chosen: Theme): void {
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}

export function setTheme(chosen: Theme): void {
  apply(chosen);
  localStorage.setItem(STORED, chosen);
  setSignal(chosen);
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const [systemIsDark, setSystemIsDark] = createSignal(dark.matches);
dark.addEventListener('change', (event) => setSystemIsDark(event.matches));

/** Read by what paints with resolved colours, so that it paints again when they change. */
export function isDark(): boolean {
  return theme() === 'dark' || (theme() === 'system' && systemIsDark());
}
