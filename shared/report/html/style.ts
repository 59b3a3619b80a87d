/** How the page looks: one column that a phone can show, light or dark as the reader's system has it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --panel: #f6f8fa;
  --blue: #0072b2; --orange: #b34e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --ink: #e8edf2; --quiet: #a3adb8; --line: #39424d; --panel: #1a2027;
    --blue: #56b4e9; --orange: #f0a04b;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 0.5rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
p, figcaption, summary { max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { white-space: nowrap; }
table.wide td { white-space: normal; min-width: 7rem; text-align: left; overflow-wrap: anywhere; }
th { font-weight: 600; }
th:first-child, td:first-child, table.wide th { text-align: left; }
th[scope='row'] { position: sticky; left: 0; background: var(--ground); max-width: 9.5rem; }
.first { background: color-mix(in srgb, var(--blue) calc(var(--share) * 45%), transparent); }
.second { background: color-mix(in srgb, var(--orange) calc(var(--share) * 45%), transparent); }
figure { margin: 1rem 0; }
figcaption { color: var(--quiet); font-size: 0.9rem; margin-bottom: 0.5rem; }
.panels { display: flex; flex-wrap: wrap; gap: 1rem; }
.panels h3 { font-size: 0.95rem; margin: 0; }
svg { max-width: 100%; height: auto; color: var(--ink); }
pre { background: var(--panel); padding: 0.75rem; overflow-x: auto; font-size: 0.85rem; }
pre.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.25rem 0 0.75rem; font-family: inherit; font-size: 0.95rem; }
dl { margin: 0.5rem 0 1.5rem; }
dt { font-weight: 600; color: var(--quiet); font-size: 0.85rem; }
dd { margin: 0; }
summary { cursor: pointer; padding: 0.4rem 0; }
`;
