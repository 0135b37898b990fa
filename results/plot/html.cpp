#include <nlohmann/json.hpp>

#include "results/plot/chart.h"

namespace archsweep::results {
namespace {

// The page around plotly: points as data, one trace a family, the frontier recomputed for what is
// shown. The parts are joined by to_html.
constexpr const char* head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>archsweep</title>
<style>
:root{color-scheme:light dark;--paper:#fff;--ink:#222;--quiet:#666}
@media (prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e8e8e8;--quiet:#a0a0a0}}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.4 'DejaVu Sans',Verdana,sans-serif}
header{padding:12px 20px 0}h1{font-size:20px;margin:0}p{margin:2px 0;color:var(--quiet)}
#chart{width:100%;height:calc(100vh - 110px);min-height:420px}
label{margin-right:14px}
</style></head><body><header><h1 id="title"></h1><p id="subtitle"></p>
<label><input type="checkbox" id="log" checked> log scale</label>
<label><input type="checkbox" id="names" checked> names on the frontier</label>
</header><div id="chart"></div>
<script type="application/json" id="data">)";

constexpr const char* middle = R"(</script>
<script>)";

constexpr const char* tail = R"(</script>
<script>
const chart = JSON.parse(document.getElementById('data').textContent);
const colours = ['#0072B2','#D55E00','#009E73','#CC79A7','#E69F00','#56B4E9','#7A5195','#8C6D31'];
const shapes = ['circle','square','diamond','triangle-up'];
const sign = chart.higher_is_better ? 1 : -1;
const text = s => String(s).replace(/&/g,'&amp;').replace(/</g,'&lt;');
document.title = chart.title;
document.getElementById('title').textContent = chart.title;
document.getElementById('subtitle').textContent = chart.subtitle;
const families = [...new Set(chart.points.map(p => p.family))].sort();
const hidden = new Set();
function human(v) {
  const steps = chart.x_unit === 's' ? [[1e-6, ' us'], [1e-3, ' ms'], [1, ' s']] : [[1, ''], [1e3, ' k'], [1e6, ' M'], [1e9, ' G']];
  const [scale, unit] = [...steps].reverse().find(([scale]) => v >= scale * 0.999) || steps[0];
  return +(v / scale).toPrecision(3) + unit;
}
function frontier(points) {
  const front = []; let best = -Infinity, at = NaN;
  for (const p of [...points].sort((a, b) => a.x - b.x || sign * (b.y - a.y)))
    if (sign * p.y > best || (sign * p.y === best && p.x === at)) { front.push(p); best = sign * p.y; at = p.x; }
  return front;
}
function draw() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const ink = dark ? '#e8e8e8' : '#222', grid = dark ? '#33363c' : '#e4e4e4';
  const front = frontier(chart.points.filter(p => !hidden.has(p.family)));
  const log = document.getElementById('log').checked;
  const traces = [{x: front.map(p => p.x), y: front.map(p => p.y), mode: 'lines', name: 'frontier',
    line: {color: ink, dash: 'dash', width: 1.5}, hoverinfo: 'skip'}];
  // An architecture is named once, at its best.
  const named = document.getElementById('names').checked ? front.filter((p, i) => !front.slice(i + 1).some(q => q.name === p.name)) : [];
  const annotations = named.map(p => ({x: log ? Math.log10(p.x) : p.x, y: p.y, text: text(p.name), showarrow: false,
    xanchor: 'right', yanchor: 'bottom', xshift: -4, yshift: 6, bgcolor: dark ? 'rgba(22,24,28,.75)' : 'rgba(255,255,255,.75)'}));
  families.forEach((family, i) => {
    const points = chart.points.filter(p => p.family === family);
    traces.push({x: points.map(p => p.x), y: points.map(p => p.y), mode: 'markers', name: text(family),
      visible: hidden.has(family) ? 'legendonly' : true, family,
      marker: {color: colours[i % 8], symbol: shapes[Math.floor(i / 8) % 4], size: points.map(p => front.includes(p) ? 13 : 9),
               opacity: 0.85},
      hovertemplate: '%{text}<extra></extra>',
      text: points.map(p => '<b>' + text(p.name) + '</b><br>' + p.details.map(d => text(d[0]) + ': ' + text(d[1])).join('<br>'))});
  });
  // 1, 2 and 5 of every decade, with a person's units.
  const values = [];
  for (let decade = -9; decade <= 15; ++decade) for (const digit of [1, 2, 5]) values.push(digit * 10 ** decade);
  const ticks = log ? {type: 'log', tickvals: values, ticktext: values.map(human)} : {type: 'linear', exponentformat: 'SI'};
  Plotly.react('chart', traces, {
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: {color: ink}, margin: {l: 70, r: 20, t: 20, b: 60},
    xaxis: {title: {text: chart.x_label}, gridcolor: grid, zeroline: false, ...ticks},
    yaxis: {title: {text: chart.y_label}, tickformat: chart.y_is_share ? '.1%' : '', gridcolor: grid, zeroline: false},
    annotations, legend: {itemsizing: 'constant'}, hovermode: 'closest', uirevision: log}, {responsive: true, displaylogo: false, scrollZoom: true});
}
draw();
document.getElementById('log').onchange = draw;
document.getElementById('names').onchange = draw;
document.getElementById('chart').on('plotly_legendclick', e => {
  const family = e.data[e.curveNumber].family;
  if (!family) return true;
  if (!hidden.delete(family)) hidden.add(family);
  draw();
  return false;
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
</script></body></html>
)";

}  // namespace

std::string to_html(const Chart& chart, const std::string& plotly) {
  auto points = nlohmann::json::array();
  for (const auto& point : chart.points)
    points.push_back({{"x", point.x},
                      {"y", point.y},
                      {"name", point.name},
                      {"family", point.family},
                      {"details", point.details}});
  std::string data = nlohmann::json{
      {"title", chart.title},
      {"subtitle", chart.subtitle},
      {"x_label", chart.x_label},
      {"y_label", chart.y_label},
      {"x_unit", chart.x_unit},
      {"y_is_share", chart.y_is_share},
      {"higher_is_better", chart.higher_is_better},
      {"points", points}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // Nothing in the data may end the script element that holds it.
  for (std::size_t at = 0; (at = data.find("</", at)) != data.npos; at += 3)
    data.replace(at, 2, "<\\/");
  return std::string(head) + data + middle + plotly + tail;
}

}  // namespace archsweep::results
