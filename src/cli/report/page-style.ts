/** The look of every report: one column on a phone, both colour schemes, and paper. No script, nothing from elsewhere. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --bg: #ffffff; --fg: #1c2430; --soft: #596579; --line: #d5dbe3; --panel: #f4f6f9;
  --hit: #1a7f5a; --miss: #b4530a; --failed: #b3261e; --idle: #6b7688; --link: #0b5cad; --critical: #6d28d9; }
@media (prefers-color-scheme: dark) { :root { --bg: #12161c; --fg: #e6eaf0; --soft: #a4afbf; --line: #323b48; --panel: #1a2029;
  --hit: #4ccb98; --miss: #f0a35e; --failed: #ff8a80; --idle: #98a3b3; --link: #7cb8ff; --critical: #c4a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--bg); color: var(--fg);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; overflow-wrap: anywhere; }
a { color: var(--link); }
p { margin: 0.5rem 0; }
code, pre, .code { font: 0.85rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--panel); padding: 0.6rem; margin: 0.4rem 0; border-radius: 4px; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.6rem; margin: 1rem 0; padding: 0; }
.tiles div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; }
.tiles dt { color: var(--soft); font-size: 0.85rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
.tiles dd small { display: block; font-size: 0.8rem; font-weight: 400; color: var(--soft); }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding: 0.2rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
th[scope=row]:not(.code) { white-space: nowrap; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.code { min-width: 12rem; }
.hit { color: var(--hit); } .miss { color: var(--miss); } .failed { color: var(--failed); } .not-run { color: var(--idle); }
.critical { color: var(--critical); }
.track { position: relative; height: 1rem; min-width: 8rem; background: var(--panel); border-radius: 3px; overflow: hidden; }
.track span { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 2px; background: currentColor; }
.track .critical-bar { border-bottom: 4px solid var(--critical); }
svg { display: block; width: 100%; height: auto; }
.plot { min-width: 40rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--fg); }
.box { stroke: var(--bg); stroke-width: 1; }
svg text.label { fill: #10151c; }
.axis line, .axis path { stroke: var(--line); } .axis text { fill: var(--soft); }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; top: 0.5rem; background: var(--bg); padding: 0.3rem; }
details summary { cursor: pointer; }
@media (max-width: 40rem) {
  table.stack thead { position: absolute; left: -999rem; }
  table.stack tr { display: block; border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
  table.stack td, table.stack th { display: block; border: 0; padding: 0.1rem 0; text-align: left; }
  table.stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
}
@media print { details > * { display: block; } }
`;
