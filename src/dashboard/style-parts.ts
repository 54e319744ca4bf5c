/** What pages are made of. */
export const STYLE_PARTS: string = `.top {
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

.list {
  margin: 1rem 0 0;
  padding: 0;
  list-style: none;
}

.row {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.3rem 0.9rem;
  padding: 0.75rem 1.15rem;
}

.row + .row {
  border-top: 1px solid var(--line);
}

.grow {
  flex: 1 1 12rem;
  min-width: 0;
}

.title {
  font-weight: 600;
}

.meta {
  display: flex;
  flex-wrap: wrap;
  gap: 0 1.1rem;
  color: var(--muted);
  font-size: 0.86rem;
}

.device {
  flex-wrap: nowrap;
}

.badge {
  flex: none;
  padding: 0.5rem;
  border-radius: 10px;
  background: var(--sunken);
  color: var(--muted);
}

.tag,
.event {
  flex: none;
  padding: 0.1rem 0.55rem;
  border-radius: 99px;
  background: var(--accent-soft);
  color: var(--accent-strong);
  font-size: 0.8rem;
  font-weight: 550;
}

.event.plain {
  background: var(--sunken);
  color: var(--muted);
}

.event.good,
.check.yes .badge {
  background: var(--good-soft);
  color: var(--good);
}

.event.warn {
  background: var(--warn-soft);
  color: var(--warn);
}

.event.bad,
.check.no .badge {
  background: var(--bad-soft);
  color: var(--bad);
}

.log .row {
  padding-block: 0.5rem;
  font-size: 0.88rem;
}

.log time {
  min-width: 4.5rem;
  color: var(--muted);
  font-variant-numeric: tabular-nums;
}

#audit time {
  min-width: 8.5rem;
}

.check {
  flex-wrap: nowrap;
  align-items: start;
}

.check p,
.reason p {
  color: var(--muted);
}

.verdict {
  margin-left: 0.35rem;
  color: var(--muted);
  font-size: 0.8rem;
  font-weight: 500;
}

.reason {
  flex-wrap: nowrap;
  align-items: start;
}

.reason > strong {
  flex: none;
  min-width: 3rem;
  font-size: 1.1rem;
  font-variant-numeric: tabular-nums;
}

.facts > div {
  display: grid;
  grid-template-columns: 14rem 1fr;
  gap: 0.15rem 1rem;
  padding: 0.6rem 1.15rem;
}

.facts {
  margin-top: 1rem;
}

.facts > div + div {
  border-top: 1px solid var(--line);
}

dt {
  color: var(--muted);
}

dd {
  margin: 0;
}

dd .hint {
  display: block;
}

.fields pre {
  flex-basis: 100%;
  max-height: 16rem;
}

pre {
  margin: 0.5rem 0 0;
  padding: 0.6rem 0.8rem;
  overflow: auto;
  border-radius: 8px;
  background: var(--sunken);
}

.note {
  padding: 1rem 1.15rem;
}

.empty {
  padding: 1rem 1.15rem;
  border: 1px dashed var(--line);
  border-radius: var(--radius);
  color: var(--muted);
}

.chart .empty {
  margin-top: 0.75rem;
}

.message {
  padding: 0.7rem 1.15rem;
  border-radius: var(--radius);
  background: var(--good-soft);
  color: var(--good);
  font-weight: 550;
}

.button {
  display: inline-block;
  padding: 0.45rem 1rem;
  border: 1px solid transparent;
  border-radius: 8px;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 550;
  text-decoration: none;
  cursor: pointer;
}

.button:hover {
  background: var(--accent-strong);
  color: var(--on-accent);
}

.button.quiet {
  border-color: var(--line);
  background: var(--surface);
  color: var(--ink);
}

.button.quiet:hover {
  border-color: var(--muted);
  background: var(--sunken);
}

.button.small {
  padding: 0.25rem 0.8rem;
}

.button.danger,
.button.danger:hover {
  background: var(--bad);
  color: var(--page);
}

summary {
  cursor: pointer;
}

.confirm > summary {
  list-style: none;
}

.confirm > summary::-webkit-details-marker {
  display: none;
}

.confirm > div {
  position: absolute;
  right: 0;
  z-index: 1;
  display: grid;
  gap: 0.75rem;
  width: min(22rem, 100%);
  margin-top: 0.4rem;
  padding: 1rem 1.15rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  box-shadow: 0 12px 40px -12px rgb(0 0 0 / 45%);
}

.chart {
  margin: 0;
  min-width: 0;
}

.chart figcaption {
  display: flex;
  align-items: baseline;
  justify-content: space-between;
}

.chart figcaption strong {
  font-size: 1.3rem;
  font-variant-numeric: tabular-nums;
}

.chart svg {
  display: block;
  width: 100%;
  margin-top: 0.5rem;
}

.axis line {
  stroke: var(--line);
}

.axis text {
  fill: var(--muted);
  font-size: 13px;
}

.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 0.1rem 1rem;
  margin: 0.5rem 0 0;
  padding: 0;
  list-style: none;
  color: var(--muted);
  font-size: 0.84rem;
}

.legend li::before {
  content: '';
  display: inline-block;
  width: 0.65rem;
  height: 0.65rem;
  margin-right: 0.4rem;
  border-radius: 3px;
  background: var(--series);
}

.legend strong {
  color: var(--ink);
}

rect {
  fill: var(--series);
}

${Array.from({ length: 8 }, (_, index) => `.series-${index} { --series: var(--series-${index}); }`).join('\n')}

.numbers {
  margin-top: 0.6rem;
  color: var(--muted);
  font-size: 0.84rem;
}

.scroll {
  max-height: 15rem;
  overflow: auto;
}

table {
  border-collapse: collapse;
  color: var(--ink);
  font-variant-numeric: tabular-nums;
}

th,
td {
  padding: 0.2rem 0.9rem 0.2rem 0;
  text-align: left;
  white-space: nowrap;
}

.more {
  display: flex;
  gap: 1rem;
}

@media (max-width: 48rem) {
  .search {
    width: 100%;
    margin: 0.25rem 0 0;
  }

  .search input {
    flex: 1;
  }

  .facts > div {
    grid-template-columns: 1fr;
  }

  .tiles {
    grid-template-columns: 1fr 1fr;
    gap: 0.75rem;
  }

  .tile strong {
    font-size: 1.4rem;
  }
}

@media (max-width: 30rem) {
  .top,
  main,
  footer {
    padding-inline: 1rem;
  }

  nav a {
    padding-inline: 0.5rem;
  }

  .top nav {
    margin-inline: -0.5rem;
  }

  .device {
    flex-wrap: wrap;
  }

  .device .grow {
    flex-basis: 60%;
  }

  .device form {
    margin-left: 3.2rem;
  }

  .log .grow {
    order: 1;
    flex-basis: 100%;
  }
}
`;
