/** Colours and text. Every pair of text and background has a contrast of 4.5 or more, in both schemes. */
export const STYLE_THEME = `:root {
  color-scheme: light dark;
  --page: #f5f6f9;
  --surface: #ffffff;
  --sunken: #eef0f5;
  --line: #dde1ea;
  --ink: #161a22;
  --muted: #566073;
  --accent: #3a56c5;
  --accent-strong: #2b419c;
  --on-accent: #ffffff;
  --accent-soft: #e7ecfd;
  --good: #17663f;
  --good-soft: #dff3e7;
  --warn: #7a4b00;
  --warn-soft: #fdf0d3;
  --bad: #a72525;
  --bad-soft: #fde5e4;
  --shadow: 0 1px 2px rgb(20 26 40 / 5%), 0 6px 20px -14px rgb(20 26 40 / 22%);
  --series-0: #3a56c5;
  --series-1: #0c8599;
  --series-2: #c2560c;
  --series-3: #b02a5b;
  --series-4: #5f8f18;
  --series-5: #7a48c9;
  --series-6: #8a6d00;
  --series-7: #5b6577;
  --radius: 12px;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace;
}

@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1218;
    --surface: #181c25;
    --sunken: #12161e;
    --line: #2b313e;
    --ink: #e8ebf2;
    --muted: #a2acbd;
    --accent: #9db2ff;
    --accent-strong: #bccaff;
    --on-accent: #10183a;
    --accent-soft: #232d52;
    --good: #7fdcab;
    --good-soft: #143323;
    --warn: #f2c266;
    --warn-soft: #36290f;
    --bad: #ff9c97;
    --bad-soft: #421d1e;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 10px 26px -16px rgb(0 0 0 / 80%);
    --series-0: #8ba4ff;
    --series-1: #4cc9de;
    --series-2: #ffa25c;
    --series-3: #ff86b0;
    --series-4: #a8d65a;
    --series-5: #c3a1ff;
    --series-6: #e3c14a;
    --series-7: #a2acbd;
  }
}

*,
*::before,
*::after {
  box-sizing: border-box;
}

html {
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}

body {
  margin: 0;
  min-height: 100vh;
  background: var(--page);
  color: var(--ink);
  font: 0.9375rem/1.55 var(--sans);
  overflow-wrap: anywhere;
}

h1,
h2,
h3 {
  margin: 0;
  line-height: 1.25;
  letter-spacing: -0.01em;
}

h1 {
  font-size: 1.6rem;
  letter-spacing: -0.025em;
}

h2 {
  font-size: 1.05rem;
}

h3 {
  font-size: 0.9375rem;
}

p {
  margin: 0;
}

a {
  color: var(--accent);
  text-underline-offset: 0.2em;
  text-decoration-thickness: 1px;
}

a:hover {
  color: var(--accent-strong);
  text-decoration-thickness: 2px;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
  border-radius: 6px;
}

code,
pre {
  font-family: var(--mono);
  font-size: 0.86em;
}

.handle {
  font-size: 0.8rem;
}

.lead,
.muted,
.hint {
  color: var(--muted);
}

.hint {
  font-size: 0.86em;
}

.icon {
  display: block;
  width: 1.15rem;
  height: 1.15rem;
  fill: none;
  stroke: currentcolor;
  stroke-width: 2;
  stroke-linecap: round;
  stroke-linejoin: round;
}

.skip {
  position: absolute;
  left: 1rem;
  top: -4rem;
  z-index: 2;
  padding: 0.5rem 1rem;
  border-radius: 8px;
  background: var(--accent);
  color: var(--on-accent);
}

.skip:focus {
  top: 1rem;
}
`;
