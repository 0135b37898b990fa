// The frontier, drawn by plotly: one colour a family, names where there is room.

import {board} from './board.js';
import {colours, find, human, make, shapes} from './parts.js';

const words = {top1: 'top-1 accuracy', latency: 'latency: seconds per sample at batch 1'};
const dark = matchMedia('(prefers-color-scheme: dark)');
let ask, metrics, open, filter, last = null, asked = 0, plotly = null;

const text = s => String(s).replace(/&/g, '&amp;').replace(/</g, '&lt;');
const of = key => metrics.find(m => m.key === key);
const word = key => words[key] || key.replaceAll('_', ' ');

// plotly.min.js is large, and not everywhere: the page is up before it is.
function load() {
  plotly ??= new Promise((done, fail) => {
    const script = make('script', {src: 'plotly.min.js', onload: () => done(window.Plotly), onerror: () => { plotly = null; fail(new Error()); }});
    document.head.append(script);
  });
  return plotly;
}

function ticks(unit, log) {
  if (unit === '%') return {tickformat: '.1%'};
  if (!log) return {exponentformat: 'SI'};
  const values = [];
  for (let decade = -9; decade <= 15; ++decade) for (const digit of [1, 2, 5]) values.push(digit * 10 ** decade);
  return {tickvals: values, ticktext: values.map(v => human(v, unit))};
}

function range(values, log) {
  const all = values.map(v => log ? Math.log10(v) : v);
  let [low, high] = [Math.min(...all), Math.max(...all)];
  const least = log ? 0.15 : Math.max(1e-6, 0.02 * Math.abs(high));
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
}

// Names of the frontier that lie neither on each other nor outside; an architecture once, at its best.
function names(front, x, y, log, size, style) {
  const pixel = (v, [low, high], length) => (v - low) / (high - low) * length;
  const taken = front.map(p => [pixel(log ? Math.log10(p.x) : p.x, x, size.width) - 7, pixel(p.y, y, size.height) - 7, 14, 14]);
  const named = front.filter((p, i) => !front.some((q, j) => q.name === p.name && j > i)).reverse();
  return named.flatMap(p => {
    const wide = 6.6 * p.name.length + 8, high = 17;
    const px = pixel(log ? Math.log10(p.x) : p.x, x, size.width), py = pixel(p.y, y, size.height);
    for (const [left, up] of [[1, 1], [0, 1], [0, 0], [1, 0]]) {
      const box = [left ? px - wide - 3 : px + 3, up ? py + 5 : py - 5 - high, wide, high];
      const free = box[0] >= 0 && box[0] + wide <= size.width && box[1] >= 0 && box[1] + high <= size.height &&
        taken.every(t => box[0] + wide < t[0] || t[0] + t[2] < box[0] || box[1] + high < t[1] || t[1] + t[3] < box[1]);
      if (!free) continue;
      taken.push(box);
      return [{x: log ? Math.log10(p.x) : p.x, y: p.y, text: text(p.name), showarrow: false, xanchor: left ? 'right' : 'left', yanchor: up ? 'bottom' : 'top',
        xshift: left ? -3 : 3, yshift: up ? 5 : -5, borderpad: 0, ...style}];
    }
    return [];
  });
}

// A 95 % interval as error bars, where there is one.
function interval(points, low, high, at, colour) {
  const has = points.some(p => p[low] !== null && p[high] !== null);
  return has ? {type: 'data', symmetric: false, array: points.map(p => p[high] === null ? 0 : p[high] - p[at]), arrayminus: points.map(p => p[low] === null ? 0 : p[at] - p[low]),
    color: colour, thickness: 1, width: 2} : undefined;
}

function draw(Plotly, {points, x, y}) {
  const chart = find('chart'), narrow = chart.clientWidth < 600;
  const ink = dark.matches ? '#e8e8e8' : '#222', grid = dark.matches ? '#33363c' : '#e4e4e4';
  const log = find('log').checked && points.every(p => p.x > 0);
  const families = [...new Set(points.map(p => p.family))].sort();
  const front = points.filter(p => p.on_frontier).sort((a, b) => a.x - b.x);
  const margin = {l: narrow ? 52 : 70, r: 10, t: 8, b: narrow ? 46 : 54}, legend = narrow ? 90 : 0;
  const ranges = [range(points.map(p => p.x), log), range(points.map(p => p.y), false)];
  const size = {width: chart.clientWidth - margin.l - margin.r - (narrow ? 0 : 150), height: chart.clientHeight - margin.t - margin.b - legend};
  const traces = [{x: front.map(p => p.x), y: front.map(p => p.y), mode: 'lines', name: 'frontier', line: {color: ink, dash: 'dash', width: 1.5}, hoverinfo: 'skip'}];
  families.forEach((family, i) => {
    const of_it = points.filter(p => p.family === family), colour = colours[i % 8];
    traces.push({x: of_it.map(p => p.x), y: of_it.map(p => p.y), mode: 'markers', name: text(family), customdata: of_it.map(p => p.trial),
      marker: {color: colour, symbol: shapes[Math.floor(i / 8) % 4], size: of_it.map(p => p.on_frontier ? 13 : 8), opacity: 0.85},
      error_x: interval(of_it, 'x_low', 'x_high', 'x', colour), error_y: interval(of_it, 'y_low', 'y_high', 'y', colour),
      hovertemplate: '%{text}<extra></extra>',
      text: of_it.map(p => `<b>${text(p.name)}</b><br>${word(y)}: ${human(p.y, of(y).unit)}<br>${x.replaceAll('_', ' ')}: ${human(p.x, of(x).unit)}` +
        (p.seeds > 1 ? `<br>${p.seeds} seeds` : '') + (p.probability ? `<br>on the frontier: ${Math.round(100 * p.probability)} % sure` : ''))});
  });
  Plotly.react(chart, traces, {
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: {color: ink, size: narrow ? 11 : 12.5, family: "'DejaVu Sans', Verdana, sans-serif"}, margin,
    xaxis: {title: {text: word(x), standoff: 8}, gridcolor: grid, zeroline: false, type: log ? 'log' : 'linear', range: ranges[0], ...ticks(of(x).unit, log)},
    yaxis: {title: {text: word(y), standoff: 6}, gridcolor: grid, zeroline: false, range: ranges[1], ...ticks(of(y).unit, false)},
    annotations: names(front, ...ranges, log, size, {bgcolor: dark.matches ? 'rgba(22,24,28,.7)' : 'rgba(255,255,255,.7)', font: {size: narrow ? 10.5 : 12}}),
    legend: {itemsizing: 'constant', ...(narrow ? {orientation: 'h', y: -0.22, font: {size: 10.5}} : {})},
    // A finger on the picture scrolls the page.
    dragmode: matchMedia('(pointer: coarse)').matches ? false : 'zoom',
    hovermode: 'closest', uirevision: `${x} ${y} ${log}`,
  }, {responsive: true, displaylogo: false, displayModeBar: narrow ? false : 'hover'});
  if (!chart.listens) chart.on('plotly_click', e => e.points[0].customdata && open(e.points[0].customdata));
  chart.listens = true;
}

function note({points, all, left_out, other_keys, keys}) {
  find('chart-note').textContent = [keys, points.length < all ? `${points.length} of ${all} points: the others lie on these` : '',
    left_out ? `${left_out} trials of ${other_keys} other machine${other_keys > 1 ? 's' : ''}, precisions or recipes are left out` : ''].filter(Boolean).join('; ');
  const front = points.filter(p => p.on_frontier).sort((a, b) => a.x - b.x);
  find('front').replaceChildren(...(front.length ? [make('span', {className: 'quiet'}, 'On it:')] : []),
    ...front.slice(0, 40).map(p => make('button', {type: 'button', className: 'link', onclick: () => open(p.trial)}, p.name)));
}

export const picture = {
  start(given) {
    ({ask, metrics, open, filter} = given);
    for (const [id, key] of [['x', 'latency'], ['y', 'top1']]) {
      find(id).replaceChildren(...metrics.map(m => make('option', {value: m.key, title: m.help}, m.key.replaceAll('_', ' '))));
      find(id).value = key;
      find(id).onchange = () => picture.update();
    }
    find('log').onchange = () => picture.redraw();
    dark.addEventListener('change', () => picture.redraw());
    let width = innerWidth;
    addEventListener('resize', () => { if (Math.abs(innerWidth - width) > 40) width = innerWidth, picture.redraw(); });
  },

  async update() {
    const parts = filter(), turn = ++asked;
    parts.set('x', find('x').value), parts.set('y', find('y').value);
    try {
      const {body} = await ask(`frontier?${parts}`);
      if (turn !== asked) return;
      last = body;
    } catch (e) {
      if (!e.mine) throw e;
      return;  // a wrong filter is told beside the filter
    }
    board.mark(new Set(last.points.filter(p => p.on_frontier).map(p => p.trial)));
    await picture.redraw();
  },

  async redraw() {
    if (!last) return;
    note(last);
    if (!last.points.length) {
      find('chart').hidden = true;
      find('chart-note').textContent = 'No finished trial has both numbers yet.';
      return;
    }
    find('chart').hidden = false;
    try {
      draw(await load(), last);
    } catch (e) {
      if (e.message) throw e;
      find('chart-note').textContent = 'The picture needs plotly.min.js, which this build did not find: name it by ARCHSWEEP_PLOTLY.';
    }
  },
};
