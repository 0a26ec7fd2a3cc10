/** Owns the look of the report: light and dark, desk and phone, without a font or an image from outside. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: #ffffff; --card: #f6f7f9; --text: #16191f; --muted: #5d6675; --line: #dde1e8; --grid: #e9ecf1;
  --good: #0b7a43; --bad: #c0262d; --warn: #96600a;
  --heat-good: 16 150 84; --heat-bad: 214 48 49;
  --c0: #1d5fd6; --c1: #d9730d; --c2: #7d8797; --c3: #0d8f83; --c4: #8a3fd1; --c5: #b8256e; --c6: #6b7a12; --c7: #16191f; --c8: #a0522d; --c9: #3c6e71; --c10: #e0a100;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0f1216; --card: #181c22; --text: #e7eaef; --muted: #98a2b1; --line: #2b313a; --grid: #22272f;
    --good: #4cc98a; --bad: #ff7b76; --warn: #e7b04f;
    --heat-good: 46 184 114; --heat-bad: 235 82 79;
    --c0: #6ba4ff; --c1: #ff9f4a; --c2: #98a2b1; --c3: #3ecabc; --c4: #b98bff; --c5: #ff7fb4; --c6: #b5c34a; --c7: #f2f4f8; --c8: #d69a78; --c9: #7fb7ba; --c10: #ffd35c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 20px 16px 64px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 8px; }
h3 { font-size: 14px; margin: 20px 0 6px; color: var(--muted); font-weight: 600; }
p { margin: 6px 0; }
.muted, .note { color: var(--muted); }
.note { font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0 10px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.card b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.card span { color: var(--muted); font-size: 13px; }
.verdicts { list-style: none; padding: 0; margin: 8px 0; }
.verdicts li { border-left: 4px solid var(--line); padding: 4px 10px; margin: 6px 0; font-size: 14px; overflow-wrap: anywhere; }
.verdicts .pass { border-color: var(--good); } .verdicts .fail { border-color: var(--bad); } .verdicts .open { border-color: var(--warn); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 13px; line-height: 20px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--muted); font-weight: 600; background: var(--card); }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--bg); font-weight: 500; z-index: 1; max-width: min(46vw, 320px); overflow: hidden; text-overflow: ellipsis; }
thead th:first-child { background: var(--card); }
td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 12em; }
.sub th:first-child { padding-left: 26px; color: var(--muted); font-weight: 400; }
.neg { color: var(--bad); }
.heat td { text-align: center; padding: 6px 4px; min-width: 46px; }
.heat .up { background: rgb(var(--heat-good) / var(--v)); } .heat .down { background: rgb(var(--heat-bad) / var(--v)); }
.heat:not(.plain) td:last-child { font-weight: 600; border-left: 1px solid var(--line); }
details { margin: 10px 0; } summary { cursor: pointer; font-size: 14px; margin-bottom: 6px; }
.bar { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin: 4px 0 8px; font-size: 14px; }
.bar label { display: inline-flex; gap: 6px; align-items: center; }
.bar select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 8px; max-width: min(100%, 420px); }
.chart { width: 100%; }
.key { display: inline-block; width: 0; height: 0; border: 5px solid transparent; }
.key.buy { border-bottom-color: var(--good); border-top-width: 0; } .key.sell { border-top-color: var(--bad); border-bottom-width: 0; }
.key.stop { width: 9px; height: 9px; border: 2px solid var(--warn); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0; font-size: 14px; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; } dd code { font-size: 13px; }
.uplot { font-family: inherit; }
.u-legend { font-size: 13px; text-align: left; font-variant-numeric: tabular-nums; }
.u-legend.u-inline .u-series { border: 0; margin-right: 12px; }
.u-legend tr, .u-legend th, .u-legend td { border: 0; background: none !important; padding: 2px 4px; font-weight: 400; white-space: nowrap; position: static; max-width: none; overflow: visible; }
.u-legend { border: 0; width: auto; display: block; }
.u-select { background: rgb(128 140 160 / .18); }
.u-over:focus { outline: none; }
@media (max-width: 640px) {
  main { padding: 14px 10px 48px; }
  h1 { font-size: 20px; } h2 { margin-top: 32px; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .card b { font-size: 18px; }
  th, td { padding: 5px 8px; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
}
`
