"""How the page looks: light or dark as the reader's system is, plain on paper. No address stands in it."""

from typing import Final

__all__ = ["CSS"]

CSS: Final = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #fff; --ink: #1d2125; --soft: #5b6470; --line: #dfe3e6;
  --heat: #2f7f86; --one: #1f6f78; --two: #b3541e; --three: #5a4fcf; --bad: #b3261e; --dull: #c9ced3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1b1f23; --ink: #e7eaec; --soft: #a2abb4; --line: #30363c;
    --heat: #2b8f98; --one: #52b9c3; --two: #ee9a63; --three: #a79eff; --bad: #ff8a80; --dull: #4a525a;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK JP", sans-serif;
}
header, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0 .75rem; max-width: 62rem; }
.soft { color: var(--soft); }
.bad { color: var(--bad); font-weight: 600; }
nav ul { list-style: none; padding: 0; margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--one); }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.1rem 1.25rem; margin: 0 0 1.25rem;
}
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: .75rem; margin: 1rem 0 1.25rem;
}
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.55rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .2rem .6rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; white-space: nowrap; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
tbody tr:hover { background: color-mix(in srgb, var(--heat) 8%, transparent); }
table.heat { width: 100%; }
table.heat thead th { line-height: 1.25; white-space: nowrap; }
table.heat thead span { font-weight: 400; font-size: .85em; }
table.heat tbody th { position: sticky; left: 0; background: var(--card); }
table.heat td { text-align: right; border: 1px solid var(--card); padding: .12rem .5rem; min-width: 3.6rem; }
table.heat td[style] { background: color-mix(in oklab, var(--heat) calc(var(--f) * 62%), transparent); }
table.heat td.none { color: var(--soft); }
figure {
  margin: .75rem 0; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .5rem 1.75rem; align-items: start;
}
figcaption { grid-column: 1 / -1; color: var(--soft); }
figure svg { width: 100%; height: auto; max-width: 46rem; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
svg .grid { stroke: var(--line); }
svg .bar, svg .one { fill: var(--one); }
svg .line { fill: none; stroke-width: 2; }
svg .line.one { stroke: var(--one); } svg .line.two { stroke: var(--two); stroke-dasharray: 7 4; }
svg .line.three { stroke: var(--three); stroke-dasharray: 2 4; stroke-linecap: round; }
svg text.one { fill: var(--one); } svg text.two, svg circle.two { fill: var(--two); }
svg text.three, svg circle.three { fill: var(--three); }
svg .track { fill: color-mix(in srgb, var(--dull) 45%, transparent); }
.found { fill: var(--one); background: var(--one); } .absent { fill: var(--soft); background: var(--soft); }
.not_listed { fill: var(--dull); background: var(--dull); } .failed { fill: var(--bad); background: var(--bad); }
.switched_off { fill: var(--two); background: var(--two); } .left_out { fill: var(--three); background: var(--three); }
.key { display: block; width: .7em; height: .7em; border-radius: .15em; margin: 0 0 .15em auto; }
svg.inline { width: 8rem; height: .8rem; vertical-align: -.08rem; }
code { font: .86em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code.command { user-select: all; background: color-mix(in srgb, var(--dull) 28%, transparent); border-radius: .3rem;
  padding: .05rem .35rem; white-space: nowrap; }
td code { overflow-wrap: anywhere; }
ul.titles { min-width: 22rem; }
ul.titles li > bdi { margin-right: .25rem; }
ul.titles code.command { white-space: normal; overflow-wrap: break-word; box-decoration-break: clone; }
.wide { min-width: 20rem; }
ul.plain { list-style: none; margin: 0; padding: 0; } ul.plain li + li { margin-top: .15rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2rem; }
.plots figure { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto auto 1fr; }
.plots figcaption { min-height: 3em; }
.plots svg { max-width: 26rem; }
footer { color: var(--soft); padding-bottom: 2rem; }
@media screen and (max-width: 48rem) { figure, .plots { grid-template-columns: minmax(0, 1fr); } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --heat: #2f7f86;
    --one: #1f6f78; --two: #b3541e; --three: #5a4fcf; --bad: #b3261e; --dull: #c9ced3; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  header, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  section { border: 0; padding: 0; }
  .plots { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0 1rem; }
  th, td { padding: .15rem .4rem; }
  tr, figure, .tile { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  code.command { white-space: normal; background: none; padding: 0; }
}
"""
