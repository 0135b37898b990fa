// The frontier, drawn by plotly: one colour a family, names where there is room.

import {board} from './board.js';
import {colours, find, glyphs, human, make, shapes, words} from './parts.js';

const names_of = {top1: 'top-1 accuracy', latency: 'latency: seconds per sample at batch 1'};
const dark = matchMedia('(prefers-color-scheme: dark)');
const known = [];  // families in the order of their colours, which stay when others come
const chosen = {x: '', y: ''};  // '': what the server finds fitting
let ask, metrics, open, filter, last = null, asked = 0, plotly = null;

const text = s => String(s).replace(/&/g, '&amp;').replace(/</g, '&lt;');
const of = key => metrics.find(m => m.key === key);
const word = key => names_of[key] || words(key);

// plotly.min.js is large, and not everywhere: the page is up before it is.
function load() {
  plotly ??= new Promise((done, fail) => {
    const script = make('script', {src: 'plotly.min.js', onload: () => done(window.Plotly), onerror: () => { plotly = null; fail(new Error()); }});
    document.head.append(script);
  });
  return plotly;
}

// With a person's units; of a log axis as many of each decade as there is room for.
function ticks(unit, log, narrow, [low, high]) {
  if (unit === '%') return {tickformat: high - low < 0.05 ? '.1%' : '.0%'};
  if (!log) return {exponentformat: 'SI', nticks: narrow ? 5 : 10};
  const within = digits => Array.from({length: 25}, (_, i) => digits.map(d => d * 10 ** (i - 9))).flat();
  const fits = values => values.filter(v => Math.log10(v) >= low && Math.log10(v) <= high).length <= (narrow ? 4 : 10);
  const values = [[1, 2, 3, 4, 5, 7], [1, 2, 5], [1]].map(within).find(fits) ?? within([1]);
  return {tickvals: values, ticktext: values.map(v => human(v, unit)), tickangle: 0};
}

function range(values, log) {
  const all = values.map(v => log ? Math.log10(v) : v);
  let [low, high] = [Math.min(...all), Math.max(...all)];
  const least = log ? 0.15 : Math.max(1e-6, 0.02 * Math.abs(high));
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
}

// A trace with the names of the frontier, as far as they lie neither on each other, nor on a mark, nor
// outside; an architecture once, at its best.
function names(points, front, x, y, log, size, font) {
  const pixel = (v, [low, high], length) => (v - low) / (high - low) * length;
  const marks = points.map(p => {
    const r = p.on_frontier ? 7 : 3;
    return {of: p, box: [pixel(log ? Math.log10(p.x) : p.x, x, size.width) - r, pixel(p.y, y, size.height) - r, 2 * r, 2 * r]};
  });
  const named = front.filter((p, i) => !front.some((q, j) => q.name === p.name && j > i)).reverse();
  const placed = named.flatMap(p => {
    const wide = 0.6 * font.size * p.name.length + 8, high = 17;
    const px = pixel(log ? Math.log10(p.x) : p.x, x, size.width), py = pixel(p.y, y, size.height);
    for (const [left, up] of [[1, 1], [0, 1], [0, 0], [1, 0]]) {
      const box = [left ? px - wide - 3 : px + 3, up ? py + 4 : py - 4 - high, wide, high];
      const free = box[0] >= 0 && box[0] + wide <= size.width && box[1] >= 0 && box[1] + high <= size.height &&
        marks.every(({of, box: b}) => of === p || box[0] + wide < b[0] || b[0] + b[2] < box[0] || box[1] + high < b[1] || b[1] + b[3] < box[1]);
      if (!free) continue;
      marks.push({of: null, box});
      return [{...p, place: `${up ? 'top' : 'bottom'} ${left ? 'left' : 'right'}`}];
    }
    return [];
  });
  return {x: placed.map(p => p.x), y: placed.map(p => p.y), mode: 'markers+text', marker: {size: 12, opacity: 0}, text: placed.map(p => text(p.name)), textposition: placed.map(p => p.place),
    textfont: font, hoverinfo: 'skip', cliponaxis: false};
}

// Not on the frontier, but not distinguishable from a point of it.
const near = p => p.group && !p.on_frontier;

// The 95 % intervals of the frontier's points as error bars, where they are known.
function interval(points, low, high, at, colour) {
  const known = p => p.on_frontier && p[low] !== null && p[high] !== null;
  return points.some(known) ? {type: 'data', symmetric: false, color: colour, thickness: 1.2, width: 3,
    array: points.map(p => known(p) ? p[high] - p[at] : 0), arrayminus: points.map(p => known(p) ? p[at] - p[low] : 0)} : undefined;
}

function draw(Plotly, {points, x, y}) {
  const chart = find('chart'), narrow = chart.clientWidth < 600;
  const ink = dark.matches ? '#e8e8e8' : '#222', paper = dark.matches ? '#16181c' : '#fff', grid = dark.matches ? '#33363c' : '#e4e4e4';
  const log = find('log').checked && points.every(p => p.x > 0);
  const families = [...new Set(points.map(p => p.family))].sort();
  for (const family of families) if (!known.includes(family)) known.push(family);
  const front = points.filter(p => p.on_frontier).sort((a, b) => a.x - b.x);
  const margin = {l: narrow ? 50 : 66, r: 12, t: 8, b: narrow ? 44 : 52};
  // Intervals that are drawn are within the axes too.
  const values = at => points.flatMap(p => p.on_frontier ? [p[at], p[at + '_low'] ?? p[at], p[at + '_high'] ?? p[at]] : [p[at]]);
  const ranges = [range(values('x').filter(v => !log || v > 0), log), range(values('y'), false)];
  const size = {width: chart.clientWidth - margin.l - margin.r, height: chart.clientHeight - margin.t - margin.b};
  const traces = [{x: front.map(p => p.x), y: front.map(p => p.y), mode: 'lines', name: 'frontier', line: {color: ink, dash: 'dash', width: 1.5}, hoverinfo: 'skip'}];
  families.forEach(family => {
    const i = known.indexOf(family), of_it = points.filter(p => p.family === family), colour = colours[i % 8];
    traces.push({x: of_it.map(p => p.x), y: of_it.map(p => p.y), mode: 'markers', name: text(family), customdata: of_it.map(p => p.trials[0]),
      marker: {color: colour, symbol: shapes[Math.floor(i / 8) % 4], size: of_it.map(p => p.on_frontier ? 13 : 8), opacity: 0.85,
        line: {width: of_it.map(p => near(p) ? 1.5 : 0.7), color: of_it.map(p => near(p) ? ink : paper)}},
      error_x: interval(of_it, 'x_low', 'x_high', 'x', colour), error_y: interval(of_it, 'y_low', 'y_high', 'y', colour),
      hovertemplate: '%{text}<extra></extra>',
      text: of_it.map(p => `<b>${text(p.name)}</b><br>${word(y)}: ${human(p.y, of(y).unit)}<br>${words(x)}: ${human(p.x, of(x).unit)}` +
        (p.trials.length > 1 ? `<br>${p.trials.length} seeds` : '') + (p.probability ? `<br>on the frontier: ${Math.round(100 * p.probability)} % sure` : '') +
        (near(p) ? `<br>not distinguishable from ${text(front.find(other => other.group === p.group)?.name)}` : ''))});
  });
  traces.push(names(points, front, ...ranges, log, size, {color: ink, size: narrow ? 10.5 : 12.5}));
  Plotly.react(chart, traces, {
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: {color: ink, size: narrow ? 11 : 12.5, family: "'DejaVu Sans', Verdana, sans-serif"}, margin,
    xaxis: {title: {text: narrow ? words(x) : word(x), standoff: 8}, gridcolor: grid, zeroline: false, type: log ? 'log' : 'linear', range: ranges[0], ...ticks(of(x).unit, log, narrow, ranges[0])},
    yaxis: {title: {text: word(y), standoff: 6}, gridcolor: grid, zeroline: false, range: ranges[1], ...ticks(of(y).unit, false, narrow, ranges[1])},
    showlegend: false,
    // A finger on the picture scrolls the page.
    dragmode: matchMedia('(pointer: coarse)').matches ? false : 'zoom',
    hovermode: 'closest', uirevision: `${x} ${y} ${log}`,
  }, {responsive: true, displaylogo: false, displayModeBar: narrow ? false : 'hover'});
  if (!chart.listens) chart.on('plotly_click', e => e.points[0].customdata && open(e.points[0].customdata));
  chart.listens = true;
  // A legend that takes no room from the picture; a family in it is a filter.
  const chosen = find('family').value;
  find('legend').replaceChildren(...families.map(family => {
    const i = known.indexOf(family), mark = make('span', {ariaHidden: true}, glyphs[Math.floor(i / 8) % 4]);
    mark.style.color = colours[i % 8];
    return make('button', {type: 'button', className: 'link', ariaPressed: family === chosen, onclick: () => board.family(family === chosen ? '' : family)}, mark, family);
  }));
}

function note({points, all, left_out, other_keys, keys}) {
  find('chart-note').textContent = [keys, points.length < all ? `${points.length} of ${all} points: the others lie on these` : '',
    left_out ? `${left_out} trials of ${other_keys} other machine${other_keys > 1 ? 's' : ''}, precisions or recipes are left out` : ''].filter(Boolean).join('; ');
  const front = points.filter(p => p.on_frontier).sort((a, b) => a.x - b.x), like = points.filter(near).length;
  find('front').replaceChildren(...(front.length ? [make('span', {className: 'quiet'}, 'On the frontier:')] : []),
    ...front.slice(0, 40).map(p => make('button', {type: 'button', className: 'link', onclick: () => open(p.trials[0])}, p.name)),
    ...(like ? [make('span', {className: 'quiet'}, `and ${like}, outlined, that cannot be told from it`)] : []));
}

export const picture = {
  start(given) {
    ({ask, metrics, open, filter} = given);
    for (const id of ['x', 'y']) {
      find(id).replaceChildren(...metrics.map(m => make('option', {value: m.key, title: m.help}, words(m.key))));
      find(id).onchange = () => { chosen[id] = find(id).value; picture.update(); };
    }
    find('log').onchange = () => picture.redraw();
    dark.addEventListener('change', () => picture.redraw());
    let width = innerWidth;
    addEventListener('resize', () => { if (Math.abs(innerWidth - width) > 40) width = innerWidth, picture.redraw(); });
  },

  async update() {
    const parts = filter(), turn = ++asked;
    parts.set('x', chosen.x), parts.set('y', chosen.y);
    try {
      const {body} = await ask(`frontier?${parts}`);
      if (turn !== asked) return;
      last = body;
    } catch (e) {
      if (!e.mine) throw e;
      find('chart-note').textContent = e.message;
      return;
    }
    find('x').value = last.x, find('y').value = last.y;
    board.mark(new Set(last.points.filter(p => p.on_frontier).flatMap(p => p.trials)));
    await picture.redraw();
  },

  async redraw() {
    if (!last) return;
    note(last);
    if (!last.points.length) {
      find('chart').hidden = true;
      find('legend').replaceChildren();
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
