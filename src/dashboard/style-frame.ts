/** What is around the pages, and what they are laid out with. */
export const STYLE_FRAME: string = `.top {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.25rem 1.5rem;
  padding: 0.6rem max(1.25rem, calc((100vw - 70rem) / 2 + 1.25rem));
  border-bottom: 1px solid var(--line);
  background: var(--surface);
}

.brand {
  color: var(--ink);
  font-weight: 650;
  letter-spacing: -0.01em;
  text-decoration: none;
}

nav {
  display: flex;
  flex-wrap: wrap;
  gap: 0.15rem;
}

nav a {
  padding: 0.35rem 0.7rem;
  border-radius: 8px;
  color: var(--muted);
  font-weight: 500;
  text-decoration: none;
}

nav a:hover {
  background: var(--sunken);
  color: var(--ink);
}

nav a[aria-current] {
  background: var(--accent-soft);
  color: var(--accent-strong);
}

.search {
  display: flex;
  margin-left: auto;
}

input {
  min-width: 0;
  padding: 0.45rem 0.7rem;
  border: 1px solid var(--muted);
  border-radius: 8px;
  background: var(--surface);
  color: var(--ink);
  font: inherit;
}

input::placeholder {
  color: var(--muted);
  opacity: 1;
}

.search input {
  width: 14rem;
  border-color: var(--line);
  border-radius: 8px 0 0 8px;
  background: var(--sunken);
}

.search button {
  padding: 0 0.7rem;
  border: 1px solid var(--line);
  border-left: 0;
  border-radius: 0 8px 8px 0;
  background: var(--surface);
  color: var(--muted);
  cursor: pointer;
}

main {
  max-width: 70rem;
  margin-inline: auto;
  padding: 1.75rem 1.25rem 3rem;
}

main > * + *,
section > * + * {
  margin-top: 1rem;
}

.top-bar + section {
  margin-top: 1rem;
}

main > * + section:not(.top-bar + section),
main > h2,
section > * + h2 {
  margin-top: 2rem;
}

footer {
  max-width: 70rem;
  margin-inline: auto;
  padding: 0 1.25rem 2rem;
  color: var(--muted);
  font-size: 0.86rem;
}

.head {
  display: grid;
  gap: 0.35rem;
}

.head .lead {
  max-width: 46rem;
}

.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.5rem 1rem;
  position: relative;
}

.tabs {
  padding: 0.2rem;
  border: 1px solid var(--line);
  border-radius: 10px;
  background: var(--surface);
}

.tabs a {
  padding: 0.2rem 0.75rem;
}

.card,
.list,
.facts,
.note {
  margin-block-end: 0;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  box-shadow: var(--shadow);
}

.card {
  padding: 1rem 1.15rem;
}

.stack {
  display: grid;
  gap: 0.45rem;
  align-content: start;
}

.stack .button {
  justify-self: start;
  margin-top: 0.4rem;
}

label {
  font-weight: 550;
}

.columns,
.charts {
  display: grid;
  gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
}

.tiles {
  display: grid;
  gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 11rem), 1fr));
  margin: 0;
  padding: 0;
  list-style: none;
}

.tile h2 {
  color: var(--muted);
  font-size: 0.86rem;
  font-weight: 550;
  letter-spacing: 0;
}

.tile strong {
  display: block;
  font-size: 1.75rem;
  font-weight: 640;
  font-variant-numeric: tabular-nums;
  letter-spacing: -0.03em;
  line-height: 1.35;
}

.tile p {
  color: var(--muted);
  font-size: 0.82rem;
}

.tile.good strong {
  color: var(--good);
}

.tile.bad strong {
  color: var(--bad);
}
`;
