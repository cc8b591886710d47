// The style sheet of a report, light and dark.
#pragma once

#include "nwm/push_macros.inc"

#include <string_view>

namespace nwm::report {

/// The style sheet that stands in every page.
inline constexpr std::string_view style = R"(
:root { color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #20242c; --soft: #5d6470; --line: #e2e1dc; --accent: #0b5c9c;
  --c0: #0b6fb8; --c1: #d1570f; --c2: #1b8a5a; --c3: #b0367e; --c4: #8a6d00; --c5: #6a4fc4; --c6: #50707f; --c7: #a83232; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171c; --card: #1c2027; --ink: #e6e6e3; --soft: #a0a7b3; --line: #333a45; --accent: #6cb6ff;
  --c0: #5eb0f2; --c1: #f0914a; --c2: #4fc793; --c3: #e583bb; --c4: #d9bb45; --c5: #a994f5; --c6: #9ab6c4; --c7: #ef7a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 3rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; margin: 3rem 0 .5rem; padding-top: .8rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .6rem 0; }
.lead { font-size: 1.1rem; color: var(--soft); }
nav ol { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: 1.2rem 0 0; font-size: .92rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
ul.facts { display: grid; list-style: none; padding: 0; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .7rem; margin: 1.4rem 0; }
ul.facts li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .55rem .8rem; }
ul.facts span { display: block; font-size: .78rem; color: var(--soft); } ul.facts b { font-weight: 600; font-variant-numeric: tabular-nums; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; margin: 1.1rem 0; }
.row figure { flex: 1 1 16rem; margin: 0; }
figure { margin: 1.1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem; min-width: 0; }
figcaption { font-size: .88rem; color: var(--soft); margin-top: .6rem; }
figcaption b { color: var(--ink); font-weight: 600; }
img { max-width: 100%; height: auto; display: block; margin: 0 auto; border-radius: .25rem; }
img.pixels { image-rendering: pixelated; }
audio { width: 100%; display: block; margin-top: .5rem; }
.scale { display: flex; align-items: center; gap: .5rem; font-size: .8rem; color: var(--soft); margin-top: .5rem; font-variant-numeric: tabular-nums; }
.scale span.bar { flex: 1; line-height: .6rem; border-radius: .2rem; }
svg.chart { width: 100%; height: auto; display: block; }
svg.chart text { fill: var(--soft); font-size: 12px; font-family: inherit; } svg.chart text.label { fill: var(--ink); }
svg.chart line.grid { stroke: var(--line); } svg.chart line.axis { stroke: var(--soft); }
svg.chart line.mark { stroke: var(--soft); stroke-dasharray: 2 3; opacity: .75; }
svg.chart line.l0 { stroke: var(--c0); stroke-width: 2.2; } svg.chart line.l1 { stroke: var(--c1); stroke-width: 1.4; }
svg.chart path { fill: none; stroke-width: 1.6; stroke-linejoin: round; } svg.chart path.dashed { stroke-dasharray: 6 4; }
path.s0 { stroke: var(--c0); } path.s1 { stroke: var(--c1); } path.s2 { stroke: var(--c2); } path.s3 { stroke: var(--c3); }
path.s4 { stroke: var(--c4); } path.s5 { stroke: var(--c5); } path.s6 { stroke: var(--c6); } path.s7 { stroke: var(--c7); }
circle.s0 { fill: var(--c0); } .b0::before { background: var(--c0); } circle.s1 { fill: var(--c1); } .b1::before { background: var(--c1); }
circle.s2 { fill: var(--c2); } .b2::before { background: var(--c2); } circle.s3 { fill: var(--c3); } .b3::before { background: var(--c3); }
circle.s4 { fill: var(--c4); } .b4::before { background: var(--c4); } circle.s5 { fill: var(--c5); } .b5::before { background: var(--c5); }
circle.s6 { fill: var(--c6); } .b6::before { background: var(--c6); } circle.s7 { fill: var(--c7); } .b7::before { background: var(--c7); }
ul.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .3rem 0 0; padding: 0; font-size: .85rem; }
ul.legend li::before { content: ""; display: inline-block; width: .9rem; height: .28rem; border-radius: .14rem; margin-right: .45rem; vertical-align: middle; }
ul.legend li.dashed::before { clip-path: polygon(0 0, 40% 0, 40% 100%, 60% 100%, 60% 0, 100% 0, 100% 100%, 0 100%); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .6rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .28rem .8rem .28rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; padding: .28rem .4rem .28rem .8rem; }
table.confusion { font-size: .8rem; } table.confusion th { padding: .3rem .45rem .3rem 0; }
table.confusion td { text-align: center; min-width: 2.6rem; padding: .35rem .2rem; border: 1px solid var(--line); }
details { margin-top: .6rem; font-size: .88rem; } summary { cursor: pointer; color: var(--accent); }
footer { margin-top: 3rem; padding-bottom: 3rem; color: var(--soft); font-size: .85rem; }
@media (max-width: 44rem) { figure { overflow-x: auto; padding: .6rem; } svg.chart { min-width: var(--proper); }
  header, main, footer { padding-left: .8rem; padding-right: .8rem; } }
@media print { details { display: none; } figure { break-inside: avoid; } }
)";

}  // namespace nwm::report

#include "nwm/pop_macros.inc"
