const SHOWN = ['anonymous', 'read', 'change'];
const KINDS = {
  baseline: 'baseline',
  'ours: node-redis': 'websauna-session',
  'ours: cache': 'websauna-session, cached',
  peer: 'peer',
};
const COLOURS = { baseline: '#9aa5b1', 'ours: node-redis': '#2f6fde', 'ours: cache': '#7fb0ff', peer: '#d9822b' };
const PEERS = { express: 'express-session', fastify: '@fastify/session', koa: 'koa-session' };
const [LEFT, WIDTH, BAR, GAP] = [230, 430, 16, 34];

/** An SVG of the session tax: CPU time beyond the same request without sessions. */
export function chart(rows) {
  const groups = Object.keys(PEERS).flatMap((framework) => SHOWN.map((workload) => ({ framework, workload })));
  const present = groups.filter(({ framework, workload }) =>
    rows.some((row) => row.framework === framework && row.workload === workload),
  );
  const taxOf = (group, kind) =>
    rows.find((row) => row.framework === group.framework && row.workload === group.workload && row.kind === kind)?.tax;
  const highest = Math.max(
    1,
    ...rows.filter((row) => SHOWN.includes(row.workload) && row.kind in KINDS).map((row) => row.tax ?? 0),
  );
  const lines = [];
  let y = 56;
  for (const group of present) {
    lines.push(`<text x="16" y="${y + 12}" font-weight="600">${group.framework}, ${group.workload}</text>`);
    for (const kind of Object.keys(KINDS)) {
      const tax = taxOf(group, kind);
      if (tax === undefined) continue;
      const name = kind === 'peer' ? PEERS[group.framework] : KINDS[kind];
      const width = Math.max(1, (Math.max(0, tax) / highest) * WIDTH);
      lines.push(
        `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end" fill="#666" font-size="12">${name}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" rx="2" fill="${COLOURS[kind]}"/>`,
        `<text x="${LEFT + width + 6}" y="${y + 11}" font-size="12">${Math.max(0, tax).toFixed(0)} µs</text>`,
      );
      y += BAR;
    }
    y += GAP - BAR;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${y}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Session tax in CPU microseconds per request">
<rect width="760" height="${y}" fill="#fff"/>
<text x="16" y="28" font-size="17" font-weight="700">What a session costs a request</text>
<text x="16" y="46" fill="#666" font-size="12">CPU time of the server beyond the same request without sessions; shorter is better</text>
${lines.join('\n')}
</svg>
`;
}
