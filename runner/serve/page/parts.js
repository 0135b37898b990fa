// Small parts that the page is made of: elements, numbers for people, line drawings.

export const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7A5195', '#8C6D31'];
export const shapes = ['circle', 'square', 'diamond', 'triangle-up'];
export const glyphs = ['●', '■', '◆', '▲'];

export const find = id => document.getElementById(id);

// An element with properties and children; text is never taken for HTML.
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(c => c !== null && c !== undefined));
  return element;
}

function svg(tag, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function scaled(value, steps) {
  const [scale, unit] = [...steps].reverse().find(([scale]) => Math.abs(value) >= scale * 0.9995) || steps[0];
  return +(value / scale).toPrecision(3) + unit;
}

// In the units of results/metric.h.
export function human(value, unit) {
  if (value === null || value === undefined) return '–';
  if (unit === '%') return (100 * value).toFixed(2) + ' %';
  if (unit === 's') return value >= 100 ? duration(value) : scaled(value, [[1e-6, ' µs'], [1e-3, ' ms'], [1, ' s']]);
  if (unit === 'B') return scaled(value, [[1, ' B'], [1024, ' KiB'], [1024 ** 2, ' MiB'], [1024 ** 3, ' GiB']]);
  if (value !== 0 && Math.abs(value) < 1) return String(+value.toPrecision(4));
  return scaled(value, [[1, ''], [1e3, ' k'], [1e6, ' M'], [1e9, ' G']]) + (unit === '1/s' ? '/s' : '');
}

export function duration(seconds) {
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h >= 48) return `${Math.round(h / 24)} days`;
  if (h > 0) return `${h}h ${String(m % 60).padStart(2, '0')}m`;
  return m > 0 ? `${m}m ${String(s % 60).padStart(2, '0')}s` : `${s}s`;
}

export const clock = date => date.toLocaleString([], {hour: '2-digit', minute: '2-digit',
  ...(Math.abs(date - Date.now()) > 43200e3 ? {weekday: 'short'} : {})});

// {"columns", "rows"} as the server sends it -> objects.
export const objects = ({columns, rows}) => rows.map(row => Object.fromEntries(columns.map((c, i) => [c, row[i]])));

export const title = trial => trial.tag ? `${trial.architecture}.${trial.tag}` : trial.architecture;
export const words = key => key.replaceAll('_', ' ').replace(' bytes', '').replace('top1', 'top-1').replace('top5', 'top-5');

// A long name may break after an underscore.
export const breakable = name => name.split(/(?<=_)/).flatMap((part, i) => i ? [document.createElement('wbr'), part] : [part]);
export const setting = trial => [trial.learning_rate !== null ? `lr ${+trial.learning_rate.toPrecision(4)}` : '',
  trial.seed !== null ? `seed ${trial.seed}` : ''].filter(Boolean).join(', ');

// Curves over epochs; series: [{name, points: [[x, y], ...]}], two at most. Without `axes` a
// sparkline.
export function lines(series, {axes = false, unit = '', last = 0} = {}) {
  const width = 300, height = axes ? 170 : 54;
  const area = axes ? {left: 50, right: 8, top: 10, bottom: 22} : {left: 3, right: 3, top: 4, bottom: 4};
  const drawing = svg('svg', {viewBox: `0 0 ${width} ${height}`, class: 'lines', role: 'img', preserveAspectRatio: axes ? 'xMidYMid meet' : 'none',
    'aria-label': series.map(s => `${s.name}: ${s.points.map(p => human(p[1], unit)).slice(-1)}`).join('; ')});
  const points = series.flatMap(s => s.points);
  if (!points.length) return drawing;
  const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
  const [x0, x1] = [Math.min(...xs), Math.max(last, ...xs)];
  let [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  if (y1 - y0 < 1e-9) [y0, y1] = [y0 - Math.abs(y0) * 0.05 - 1e-9, y1 + Math.abs(y1) * 0.05 + 1e-9];
  const x = v => area.left + (x1 > x0 ? (v - x0) / (x1 - x0) : 0.5) * (width - area.left - area.right);
  const y = v => height - area.bottom - (v - y0) / (y1 - y0) * (height - area.top - area.bottom);
  if (axes) {
    for (const v of [y0, (y0 + y1) / 2, y1]) {
      drawing.append(svg('line', {class: 'grid', x1: area.left, x2: width - area.right, y1: y(v), y2: y(v)}),
        svg('text', {x: area.left - 5, y: y(v) + 4, 'text-anchor': 'end'}, unit === '%' ? (100 * v).toFixed(1) + ' %' : String(+v.toPrecision(3))));
    }
    drawing.append(svg('text', {x: area.left, y: height - 6}, `epoch ${x0}`));
    if (x1 > x0) drawing.append(svg('text', {x: width - area.right, y: height - 6, 'text-anchor': 'end'}, x1));
  }
  if (!axes) drawing.append(svg('line', {class: 'grid', x1: 0, x2: width, y1: height - 1, y2: height - 1}));
  series.forEach((s, i) => {
    const name = i ? 'two' : 'one';
    if (s.points.length > 1)
      drawing.append(svg('path', {class: `curve ${name}`, d: 'M' + s.points.map(p => `${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join('L')}));
    if (s.points.length < 40 && (axes || s.points.length === 1))
      for (const p of s.points) drawing.append(svg('circle', {class: `dot ${name}`, cx: x(p[0]), cy: y(p[1]), r: 2.5}));
  });
  return drawing;
}
