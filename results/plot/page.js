'use strict';
// The page's own part: filters, axes, the frontier of what is shown, and what is known of a point.
const chart = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const hidden = new Set();         // families that are switched off
let zoom = {x: null, y: null};    // ranges chosen by zooming, in plotly's terms
let chosen = null;                // the point whose details are open

function element(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  if (content !== undefined) made.append(...[content].flat());
  for (const [key, value] of Object.entries(attributes))
    key in made ? made[key] = value : made.setAttribute(key, value);
  return made;
}
// Plotly reads a little HTML in its texts.
const plain = text => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');

// ---- Numbers as a person says them: the same as in SVG.
const steps = {
  s: [[1e-6, ' µs'], [1e-3, ' ms'], [1, ' s']], h: [[1, ' h']], epoch: [[1, '']], '%': [[0.01, ' %']],
  B: ['B', 'KiB', 'MiB', 'GiB', 'TiB'].map((name, i) => [1024 ** i, ' ' + name]),
  '1/s': [[1, '/s'], [1e3, ' k/s'], [1e6, ' M/s']],
  '': [[1, ''], [1e3, ' k'], [1e6, ' M'], [1e9, ' G'], [1e12, ' T']]};
const stepFor = (value, unit) =>
  steps[unit].reduce((best, step) => Math.abs(value) >= step[0] * 0.9995 ? step : best);
function withUnit(value, unit) {
  if (value === 0) return '0';
  const [scale, name] = stepFor(value, unit), shown = value / scale;
  return (Math.abs(shown) >= 999.5 ? shown.toFixed(0) : String(+shown.toPrecision(3))) + name.replace(' ', '\u00a0');
}
function linearTicks(low, high, unit) {
  const [scale, name] = stepFor(Math.max(Math.abs(low), Math.abs(high)), unit);
  const rough = (high - low) / scale / 6, power = 10 ** Math.floor(Math.log10(rough)), digit = rough / power;
  const nice = power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10), step = unit === 'epoch' ? Math.max(1, nice) : nice;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), ticks = [];
  for (let i = Math.ceil(low / scale / step); i * step * scale <= high; ++i)
    ticks.push([i * step * scale, (i * step + 0).toFixed(decimals) + name]);
  return ticks;
}
function logTicks(low, high, unit, most) {
  const values = [], base = unit === 'B' ? 2 : 10, log = base === 2 ? Math.log2 : Math.log10;
  const powers = log(high) - log(low), every = base === 2 ? Math.max(1, Math.ceil(powers / Math.min(8, most))) : 1;
  for (let power = Math.floor(log(low)); power <= Math.ceil(log(high)); ++power)
    for (const digit of base === 10 && powers * 3 <= most ? [1, 2, 5] : [1])
      if (power % every === 0) values.push(digit * base ** power);
  const inside = values.filter(v => v >= low && v <= high);
  return inside.length < 3 ? linearTicks(low, high, unit) : inside.map(v => [v, withUnit(v, unit)]);
}

// ---- What is on the axes.
function scales() {
  const of = axis => {
    const metric = chart.metrics.find(m => m.key === $(axis).value);
    const asked = !metric || metric.key === chart[axis].metric;  // the axis that the picture was drawn for
    return {...(metric || chart[axis]), asked, log: $('log-' + axis).checked,
            at: p => asked ? p[axis] : p.values[chart.metrics.indexOf(metric)]};
  };
  const x = of('x'), y = of('y');
  return {x, y, asked: x.asked && y.asked};
}
// Points measured under other keys than most do not compare: they are left out, and counted.
function comparable(points, {x, y}) {
  const within = [x.within, y.within].join();
  const key = p => (/speed|both/.test(within) ? p.speed_key : '') + '|' + (/accuracy|both/.test(within) ? p.accuracy_key : '');
  const sizes = new Map();
  for (const p of points) sizes.set(key(p), (sizes.get(key(p)) || 0) + 1);
  const most = [...sizes].reduce((a, b) => b[1] > a[1] ? b : a, ['', 0])[0];
  return points.filter(p => key(p) === most);
}
function visible(axes) {
  const drawable = (v, scale) => v !== null && Number.isFinite(v) && (!scale.log || v > 0);
  const measured = chart.points.filter(p => drawable(axes.x.at(p), axes.x) && drawable(axes.y.at(p), axes.y));
  const same = comparable(measured, axes), word = $('find').value.trim().toLowerCase();
  const shown = same.filter(p => !hidden.has(p.family) &&
    (p.full_name + ' ' + p.family).toLowerCase().includes(word));
  const other = measured.length - same.length;
  $('shown').textContent = chart.points.length ? `${shown.length} of ${chart.points.length} points` +
    (other ? `; ${other} measured otherwise are not comparable` : '') : '';
  return shown;
}
const goodness = (scale, value) => scale.better === 'higher' ? value : -value;
function frontier(points, {x, y}) {
  if (x.better === 'neither' || y.better === 'neither' || !chart.draw_frontier) return [];
  const front = [];
  let best = -Infinity, at = NaN;
  for (const [gx, gy, p] of points.map(p => [goodness(x, x.at(p)), goodness(y, y.at(p)), p])
         .sort((a, b) => b[0] - a[0] || b[1] - a[1]))
    if (gy > best || (gy === best && gx === at)) { front.push(p); best = gy; at = gx; }
  return front;
}

// ---- Drawing.
const dark = () => document.documentElement.classList.contains('dark');
const ink = () => dark() ? '#e8e8e8' : '#222';
const families = new Map(chart.families.map(f => [f.name, f]));
const colour = name => !families.has(name) ? ink() :
  families.get(name).colour < 0 ? '#8d9096' : chart.colours[dark() ? 1 : 0][families.get(name).colour];
const symbols = {circle: 'circle', square: 'square', triangle: 'triangle-up', diamond: 'diamond'};

function trend(points, {x, y}) {
  const f = (scale, v) => scale.log ? Math.log10(v) : v, b = (scale, v) => scale.log ? 10 ** v : v;
  const xs = points.map(p => f(x, x.at(p))), ys = points.map(p => f(y, y.at(p))), n = points.length;
  const mx = xs.reduce((a, v) => a + v, 0) / n, my = ys.reduce((a, v) => a + v, 0) / n;
  const slope = xs.reduce((a, v, i) => a + (v - mx) * (ys[i] - my), 0) / xs.reduce((a, v) => a + (v - mx) ** 2, 0);
  const ends = [Math.min(...xs), Math.max(...xs)];
  return n < 3 || !(ends[0] < ends[1]) ? null :
    {x: ends.map(v => b(x, v)), y: ends.map(v => b(y, my + slope * (v - mx)))};
}
function whiskers(points, axis, {asked}, front, many) {
  if (!asked) return {visible: false};
  const of = (p, side) => {
    const bound = p[axis + side];
    return bound === null || (many && !front.has(p)) ? 0 : Math.abs(bound - p[axis]);
  };
  return {type: 'data', symmetric: false, array: points.map(p => of(p, '_high')),
          arrayminus: points.map(p => of(p, '_low')), thickness: 1, width: 0};
}
function familyTrace(family, points, axes, front, many) {
  const most = Math.max(...chart.points.map(p => p.size || 0));
  const size = p => p.size ? Math.max(4, (many ? 20 : 26) * Math.sqrt(p.size / most)) : (front.has(p) ? 12 : many ? 7 : 9);
  const asked = axes.asked;
  return {x: points.map(axes.x.at), y: points.map(axes.y.at), mode: 'markers', type: 'scatter', customdata: points.map(p => p.index),
    error_x: whiskers(points, 'x', axes, front, many), error_y: whiskers(points, 'y', axes, front, many),
    marker: {color: colour(family), symbol: points.map(p => symbols[families.get(family)?.shape || 'circle'] + (p.hollow ? '-open' : '')),
      size: points.map(size), opacity: points.map(p => front.has(p) || p.hollow || (asked && p.group) ? 1 : many ? 0.45 : 0.6),
      line: {width: points.map(p => p === chosen ? 3 : p.hollow || (asked && p.group && !front.has(p)) ? 1.5 : 0.7),
             color: points.map(p => p === chosen || (asked && p.group && !front.has(p)) ? ink() : p.hollow ? colour(family) : dark() ? '#16181c' : '#fff')}},
    hovertemplate: '%{text}<extra></extra>',
    text: points.map(p => `<b>${plain(p.full_name)}</b><br>${plain(p.family)}<br>${plain(axes.x.label)}: ${withUnit(axes.x.at(p), axes.x.unit)}` +
      `<br>${plain(axes.y.label)}: ${withUnit(axes.y.at(p), axes.y.unit)}` +
      (asked && p.probability !== null ? `<br>on the frontier: ${Math.round(100 * p.probability)} %` : ''))};
}
function lineTrace(line) {
  const arrow = line.style === 'arrow';
  return {x: line.x, y: line.y, mode: arrow ? 'lines+markers' : 'lines', type: 'scatter',
    line: {color: colour(line.family), width: line.style === 'faint' ? 1 : 2, dash: line.style === 'dashed' ? 'dot' : 'solid'},
    opacity: line.style === 'faint' ? 0.45 : 0.9,
    ...(arrow && {marker: {symbol: 'arrow', size: [0, 11], angleref: 'previous', standoff: 5}}),
    ...(line.name ? {hovertemplate: `<b>${plain(line.name)}</b><br>%{x:.4g}, %{text}<extra></extra>`} : {hoverinfo: 'skip'}),
    text: line.y.map(v => withUnit(v, chart.y.unit))};
}
// Names of lines stand right of their ends.
const namesBeside = chart.lines.some(l => l.name) && !chart.points.length;
const margin = {l: 80, r: namesBeside ? 190 : 18, t: 12, b: 56};
function axisLayout(axis, scale, values) {
  const f = v => scale.log ? Math.log10(v) : v;
  let range = zoom[axis];
  if (!range) {
    const known = values.map(f), low = Math.min(...known), high = Math.max(...known);
    const pad = known.length ? Math.max((high - low) * 0.06, scale.log ? 0.05 : Math.abs(high) * 0.01 || 0.01) : 1;
    range = known.length ? [low - pad, high + pad] : [0, 1];
  }
  const ends = range.map(v => scale.log ? 10 ** v : v);
  // Labels that have room: 55 pixels each across.
  const room = axis === 'x' ? $('chart').clientWidth - margin.l - margin.r : Infinity, most = Math.min(9, Math.floor(room / 55));
  let ticks = (scale.log ? logTicks : linearTicks)(Math.min(...ends), Math.max(...ends), scale.unit, most);
  if (ticks.length > most + 3) ticks = ticks.filter((_, i) => i % 2 === 0);
  const words = (room < 420 ? scale.label.split(':')[0] : scale.label) + (scale.log ? ' (log scale)' : '');
  return {type: scale.log ? 'log' : 'linear', range, tickvals: ticks.map(t => t[0]), ticktext: ticks.map(t => t[1]),
    title: {text: plain(scale.better === 'lower' ? '← better     ' + words : scale.better === 'higher' ? words + '     better →' : words)},
    tickangle: 0, gridcolor: dark() ? '#33363c' : '#e4e4e4', zeroline: false};
}
// Names beside their marks where there is room: the best first, none on another.
function annotations(named, axes, layout) {
  if (!$('names').checked) return [];
  const width = $('chart').clientWidth - margin.l - margin.r, height = $('chart').clientHeight - margin.t - margin.b;
  const place = (value, scale, range, span) => ((scale.log ? Math.log10(value) : value) - range[0]) / (range[1] - range[0]) * span;
  const taken = [], made = [];
  for (const {x, y, name} of named) {
    const px = place(x, axes.x, layout.xaxis.range, width), py = height - place(y, axes.y, layout.yaxis.range, height);
    const wide = 7.2 * name.length + 6, box = (left, top) => ({left, top, right: left + wide, bottom: top + 16});
    const places = [[box(px - wide - 4, py - 20), 'right', -4, 12], [box(px + 8, py - 8), 'left', 8, 0], [box(px + 4, py - 22), 'left', 4, 14],
                    [box(px - wide - 8, py - 8), 'right', -8, 0], [box(px + 4, py + 6), 'left', 4, -14], [box(px - wide - 4, py + 6), 'right', -4, -14]];
    const free = places.find(([b]) => b.left >= 0 && b.right <= width && b.top >= 0 && b.bottom <= height &&
      !taken.some(o => b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom));
    if (!free) continue;
    taken.push(free[0]);
    made.push({x: axes.x.log ? Math.log10(x) : x, y: axes.y.log ? Math.log10(y) : y, text: plain(name), showarrow: false, xanchor: free[1],
               yanchor: 'middle', xshift: free[2], yshift: free[3], bgcolor: dark() ? 'rgba(22,24,28,.7)' : 'rgba(255,255,255,.7)', font: {size: 12}});
  }
  return made;
}
function lineNames(strokes, axes, layout) {
  if (!$('names').checked || !namesBeside) return [];
  const [low, high] = layout.yaxis.range, height = $('chart').clientHeight - margin.t - margin.b;
  const pixel = v => height - ((axes.y.log ? Math.log10(v) : v) - low) / (high - low) * height;
  const named = strokes.filter(l => l.name).map(l => ({l, at: pixel(l.y.at(-1))})).filter(({at}) => at >= 0 && at <= height).sort((a, b) => a.at - b.at);
  let least = 0, most = height;
  for (const n of named) { n.down = Math.max(n.at, least); least = n.down + 15; }
  for (const n of [...named].reverse()) { n.down = Math.min(n.down, most); most = n.down - 15; }
  return named.map(({l, at, down}) => ({xref: 'paper', x: 1, y: axes.y.log ? Math.log10(l.y.at(-1)) : l.y.at(-1), yshift: at - down, xanchor: 'left', yanchor: 'middle',
    showarrow: false, font: {size: 12}, text: `<span style="color:${colour(l.family)}">▬</span> ` + plain(l.name.length > 24 ? l.name.slice(0, 23) + '…' : l.name)}));
}
// An architecture is named once, at its best.
function toName(front, axes) {
  const once = new Map();
  for (const p of [...front].sort((a, b) => goodness(axes.y, axes.y.at(b)) - goodness(axes.y, axes.y.at(a))))
    if (!once.has(p.name)) once.set(p.name, {x: axes.x.at(p), y: axes.y.at(p), name: p.name});
  return [...once.values()];
}
function lines(shownFamilies) {
  const word = $('find').value.trim().toLowerCase();
  return chart.lines.filter(l => !hidden.has(l.family) && (!word || (l.name + ' ' + l.family).toLowerCase().includes(word)));
}
function draw() {
  const axes = scales(), points = visible(axes), front = frontier(points.filter(p => !p.hollow), axes), onFront = new Set(front), many = points.length > 150;
  const traces = front.length > 1 ? [{x: front.map(axes.x.at), y: front.map(axes.y.at), mode: 'lines', type: 'scatter',
    line: {color: ink(), dash: 'dash', width: 1.5}, hoverinfo: 'skip'}] : [];
  const strokes = lines();
  traces.push(...strokes.map(lineTrace));
  for (const family of [...families.keys(), '']) {
    const own = points.filter(p => p.family === family);
    if (!own.length) continue;
    const fit = $('trends').checked && families.has(family) && !families.get(family).is_other && trend(own, axes);
    if (fit) traces.push({...fit, mode: 'lines', type: 'scatter', line: {color: colour(family), width: 2}, hoverinfo: 'skip'});
    traces.push(familyTrace(family, own, axes, onFront, many));
  }
  // Intervals that are drawn are within the axes too.
  const ends = axis => axes.asked ? points.filter(p => !many || onFront.has(p)).flatMap(p => [p[axis + '_low'], p[axis + '_high']]) : [];
  const all = axis => points.map(axes[axis].at).concat(ends(axis), ...strokes.map(l => l[axis])).filter(v => Number.isFinite(v) && (!axes[axis].log || v > 0));
  const layout = {paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: {color: ink(), family: 'DejaVu Sans,Verdana,sans-serif'},
    margin, showlegend: false, hovermode: 'closest', dragmode: 'zoom', xaxis: axisLayout('x', axes.x, all('x')), yaxis: axisLayout('y', axes.y, all('y'))};
  layout.annotations = [...annotations([...toName(front, axes), ...points.filter(p => p.family === '')], axes, layout), ...lineNames(strokes, axes, layout)];
  $('chart').setAttribute('aria-label', `${chart.title}: ${axes.y.label} against ${axes.x.label}, ${points.length} points, ${front.length} on the frontier`);
  Plotly.react('chart', traces, layout, {responsive: true, displaylogo: false, scrollZoom: true});
  listPoints(points, front, axes);
}

// ---- Beside the chart: families, the frontier as a list, details of a point.
function swatch({name, shape}) {
  const shapes = {circle: '<circle cx="6" cy="6" r="5"/>', square: '<path d="M1 1h10v10H1z"/>', triangle: '<path d="M6 1l5 10H1z"/>', diamond: '<path d="M6 0l6 6-6 6-6-6z"/>'};
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12'); svg.setAttribute('class', 'swatch'); svg.setAttribute('fill', colour(name));
  svg.innerHTML = shapes[shape];
  return svg;
}
function listFamilies() {
  $('legend').hidden = !chart.families.length;
  $('families').replaceChildren(...chart.families.map(f => {
    const box = element('input', undefined, {type: 'checkbox', checked: !hidden.has(f.name)});
    box.onchange = () => { box.checked ? hidden.delete(f.name) : hidden.add(f.name); draw(); };
    return element('li', element('label', [box, swatch(f), element('span', f.name, {title: f.name}), element('small', f.size)]));
  }));
}
// The way to a point without a mouse: the frontier, or what the search found.
function listPoints(points, front, axes) {
  const word = $('find').value.trim(), most = 100;
  const listed = (word ? points : front).slice().sort((a, b) => axes.x.at(a) - axes.x.at(b));
  const rows = listed.slice(0, most).map(p => {
    const open = element('button', p.full_name, {type: 'button', disabled: !chart.metrics.length});
    open.onclick = () => show(p);
    return element('tr', [element('td', open), element('td', withUnit(axes.x.at(p), axes.x.unit)), element('td', withUnit(axes.y.at(p), axes.y.unit))]);
  });
  const title = (word ? 'Found' : 'Frontier of what is shown') + `: ${listed.length}` + (listed.length > most ? `, the first ${most}` : '');
  $('list').replaceChildren(...(rows.length ? [element('h3', title), element('table', element('tbody', rows))] : []));
}
const table = rows => element('table', element('tbody', rows.map(r => element('tr', r.map(cell => element('td', String(cell)))))));
const specOf = trial => Object.fromEntries(Object.entries({...chart.base_spec, ...trial.spec}).filter(([, value]) => value !== null));
function curve(title, unit, series) {
  const box = element('div', undefined, {className: 'curve'});
  const traces = series.map(([name, ys, color, dash]) => ({x: ys.map((_, i) => i + 1), y: ys, name, mode: ys.length > 1 ? 'lines' : 'markers', line: {color, dash, width: 1.5},
    marker: {color}, hovertemplate: `${plain(name)}, epoch %{x}: %{text}<extra></extra>`, text: ys.map(v => v === null ? '' : withUnit(v, unit))}));
  requestAnimationFrame(() => Plotly.newPlot(box, traces, {margin: {l: 44, r: 6, t: 24, b: 28}, height: 170, font: {color: ink(), size: 11}, showlegend: false, title: {text: title, font: {size: 12}, x: 0.02},
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', xaxis: {gridcolor: dark() ? '#33363c' : '#e4e4e4', tickformat: 'd', ...(Math.max(...series.map(([, ys]) => ys.length)) <= 6 && {dtick: 1})},
    yaxis: {gridcolor: dark() ? '#33363c' : '#e4e4e4', zeroline: false, tickformat: unit === '%' ? '.0%' : ''}}, {displayModeBar: false, responsive: true}));
  return box;
}
function curves(p) {
  const trained = p.trials.map(id => [id, chart.trials[id]]).filter(([, t]) => t && t.valid_top1.length);
  if (!trained.length) {
    const left = p.trials.some(id => chart.trials[id] && chart.trials[id].left_out);
    return [element('p', left ? 'Its curves are left out to keep this file small: draw fewer points (--where, --family) to see them.' : 'No epochs: these numbers were measured or published without training here.')];
  }
  const of = (column, dash, color) => trained.map(([id, t]) => [`${column.replace('_', ' ')} of trial ${id}`, t[column], color, dash]);
  return [curve('loss: train dotted, validation solid', '', [...of('train_loss', 'dot', '#8d9096'), ...of('valid_loss', 'solid', colour(p.family))]),
          curve('top-1 accuracy', '%', of('valid_top1', 'solid', colour(p.family)))];
}
function config(p) {
  const trials = p.trials.filter(id => chart.trials[id]);
  if (!trials.length) return [];
  const pick = element('select', trials.map(id => element('option', `trial ${id}`, {value: id})), {ariaLabel: 'trial'});
  const code = element('pre', '', {tabIndex: 0}), settings = element('div'), copy = element('button', 'copy', {type: 'button'});
  pick.onchange = () => {
    const trial = chart.trials[pick.value];
    code.textContent = JSON.stringify(specOf(trial), null, 2);
    settings.replaceChildren(table(trial.settings));
  };
  copy.onclick = async () => {
    try { await navigator.clipboard.writeText(code.textContent); copy.textContent = 'copied'; }
    catch { getSelection().selectAllChildren(code); copy.textContent = document.execCommand('copy') ? 'copied' : 'press Ctrl+C'; }
  };
  pick.onchange();
  return [element('div', [element('h3', 'Trial'), pick], {className: 'row'}), settings, element('div', [element('h3', 'Config'), copy], {className: 'row'}), code];
}
function show(p) {
  chosen = p;
  $('details').hidden = !p;
  if (p) {
    const close = element('button', '×', {type: 'button', ariaLabel: 'close'});
    close.onclick = () => show(null);
    const rows = chart.metrics.map((m, i) => [m.label, p.values[i], m.unit]).filter(([, v]) => v !== null && v !== undefined).map(([label, v, unit]) => [label, withUnit(v, unit)]);
    const leader = p.group && chart.points.find(other => other !== p && other.on_frontier && other.group === p.group);
    const standing = leader && !p.on_frontier ? `; not distinguishable from ${leader.full_name}` : '';
    $('details').replaceChildren(element('div', [element('h2', p.full_name, {tabIndex: -1}), close], {className: 'row'}), element('p', p.family + standing),
      ...curves(p), element('h3', 'Metrics'), table(rows), ...config(p));
    $('details').querySelector('h2').focus({preventScroll: true});
    document.querySelector('aside').scrollTop = 0;
    if (innerWidth <= 820) $('details').scrollIntoView();
  }
  draw();
}

// ---- Start.
const metricsMeasured = () => chart.metrics.filter((m, i) => chart.points.some(p => p.values[i] !== null));
function setTheme() {
  const wanted = chart.theme === 'automatic' ? matchMedia('(prefers-color-scheme: dark)').matches : chart.theme === 'dark';
  document.documentElement.classList.toggle('dark', wanted);
}
function start() {
  setTheme();
  document.title = $('title').textContent = chart.title;
  $('subtitle').textContent = chart.subtitle;
  const outlined = chart.points.some(p => p.group && !p.on_frontier) ? 'Outlined: not distinguishable from a point of the frontier. ' : '';
  $('note').textContent = outlined + chart.note;
  chart.points.forEach((p, i) => { p.index = i; });
  for (const axis of ['x', 'y']) {
    $(axis).replaceChildren(...metricsMeasured().map(m => element('option', m.label, {value: m.key, title: m.help, selected: m.key === chart[axis].metric})));
    $('log-' + axis).checked = chart[axis].log;
    $(axis).onchange = () => { zoom[axis] = null; draw(); };
    $('log-' + axis).onchange = () => { zoom[axis] = null; draw(); };
  }
  for (const label of document.querySelectorAll('.axes')) label.hidden = !chart.metrics.length;
  $('trends').checked = chart.trends;
  document.querySelector('aside').hidden = !chart.points.length && !chart.families.length;
  listFamilies();
  draw();
  for (const id of ['names', 'trends']) $(id).onchange = draw;
  $('find').oninput = draw;
  $('controls').onsubmit = event => event.preventDefault();
  $('all').onclick = () => { hidden.clear(); listFamilies(); draw(); };
  $('none').onclick = () => { chart.families.forEach(f => hidden.add(f.name)); listFamilies(); draw(); };
  addEventListener('keydown', event => { if (event.key === 'Escape' && chosen) show(null); });
  addEventListener('resize', draw);
  $('chart').on('plotly_click', event => {
    const index = event.points[0].customdata;
    if (index !== undefined && chart.metrics.length) show(chart.points[index]);
  });
  $('chart').on('plotly_relayout', change => {
    for (const axis of ['x', 'y']) {
      if (change[axis + 'axis.autorange']) zoom[axis] = null;
      else if (change[axis + 'axis.range[0]'] !== undefined) zoom[axis] = [change[axis + 'axis.range[0]'], change[axis + 'axis.range[1]']];
      else if (change[axis + 'axis.range']) zoom[axis] = change[axis + 'axis.range'];
    }
    draw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { setTheme(); listFamilies(); draw(); });
}
start();
