/** The style and the script of the reference page: files of their own, as the security policy asks. */

export const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0}
main{max-width:64rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;text-transform:capitalize}
nav{display:flex;flex-wrap:wrap;gap:.25rem .75rem}
.search{position:sticky;top:0;display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;padding:.5rem 0;background:Canvas}
.search[hidden]{display:none}
.search input{flex:1 1 12rem;font:inherit;padding:.3rem .5rem}
section{scroll-margin-top:3.5rem}
.entry{scroll-margin-top:3.5rem;overflow-wrap:anywhere}
summary{cursor:pointer;padding:.35rem 0}
summary:focus-visible,pre:focus-visible,.table:focus-visible{outline:2px solid}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
.method{display:inline-block;min-width:4.5rem;font-weight:600;text-transform:uppercase}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid GrayText;font-weight:400;min-width:7rem}
thead th{font-weight:600}
th b{font-size:.8em}
.samples{border:0;margin:1rem 0;padding:0;min-width:0}
.samples legend{font-weight:600;padding:0}
.samples label{margin-right:1rem}
.samples pre{display:none;overflow-x:auto;padding:1rem;border:1px solid GrayText;border-radius:.4rem}
.samples input:checked+label+pre{display:block}
.answer pre{overflow-x:auto;padding:1rem;border:1px solid GrayText;border-radius:.4rem}`;

/** Opens what an address names, and finds entries by every word of a search. */
export const SCRIPT = `const entries = [...document.querySelectorAll('.entry')];
const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.hidden = false;
  named.open = true;
  named.scrollIntoView();
}
addEventListener('hashchange', openNamed);
openNamed();

const search = document.getElementById('search');
const sought = document.getElementById('sought');
const found = document.getElementById('found');
search.hidden = false;
search.addEventListener('submit', (event) => event.preventDefault());
sought.addEventListener('input', () => {
  const words = sought.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const entry of entries) {
    const holds = words.every((word) => texts.get(entry).includes(word));
    entry.hidden = !holds;
    if (holds) count += 1;
  }
  for (const section of document.querySelectorAll('section')) {
    section.hidden = !section.querySelector('.entry:not([hidden])');
  }
  found.textContent = words.length === 0 ? '' : count + ' of ' + entries.length;
});
`;
