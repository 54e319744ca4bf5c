/** Charts, and what changes in narrow windows. */
export const STYLE_CHARTS: string = `.chart {
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
