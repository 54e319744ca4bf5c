/** Lists, facts, messages and buttons. */
export const STYLE_PARTS: string = `.list {
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
`;
