// All about one trial, in a dialog: curves, numbers, conditions, config, what went wrong.

import {breakable, find, human, lines, make, objects, setting, title, words} from './parts.js';

let ask, metrics, shown = null, drawn = null;

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function terms(pairs) {
  return make('dl', {}, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== '–')
    .map(([name, value]) => make('div', {className: String(value).length > 28 ? 'wide' : ''}, make('dt', {}, name), make('dd', {}, String(value)))));
}

function curve(caption, names, epochs, columns, unit) {
  const series = columns.map((c, i) => ({name: names[i], points: epochs.filter(e => e[c] !== null).map(e => [e.epoch, e[c]])}));
  if (!series.some(s => s.points.length)) return null;
  return make('figure', {}, make('figcaption', {}, make('b', {}, caption), ...names.map((n, i) => make('span', {}, make('i', {className: i ? 'two' : 'one'}), n))),
    lines(series, {axes: true, unit}));
}

const part = (heading, ...content) => content.some(Boolean) ? [make('h3', {}, heading), ...content.filter(Boolean)] : [];

function attempt(a, several) {
  const when = `${a.started_at.slice(0, 16).replace('T', ' ')} UTC`;
  return make('div', {}, ...(several ? [make('div', {className: 'quiet'}, `attempt ${a.attempt}, ${when}: ${a.outcome || 'running'}`)] : []),
    a.cause ? make('p', {}, make('span', {className: 'pill bad'}, a.cause.replaceAll('_', ' ')), ' ', a.message || '') : null,
    a.stderr_tail ? make('pre', {tabIndex: 0}, a.stderr_tail) : null);
}

function draw(d) {
  const t = d.trial, r = d.result, epochs = objects(d.epochs), now = d.attempts[0];
  const kind = {done: 'good', failed: 'bad', running: 'live', paused: 'wait'}[t.state] || '';
  const dialog = find('trial'), top = dialog.scrollTop, opened = [...dialog.querySelectorAll('details')].filter(e => e.open).map(e => e.dataset.name);
  const more = (name, ...content) => {
    const element = make('details', {open: opened.includes(name)}, make('summary', {}, name), ...content);
    element.dataset.name = name;
    return element;
  };
  const focused = dialog.contains(document.activeElement) && document.activeElement.className === 'close';
  dialog.replaceChildren(
    make('button', {type: 'button', className: 'close', onclick: () => dialog.close(), ariaLabel: 'Close'}, '✕'),
    make('div', {className: 'line'}, make('h2', {id: 'trial-name'}, ...breakable(title(t))), make('span', {className: `pill ${kind}`}, t.state)),
    make('p', {className: 'quiet'}, [t.family, t.dataset, setting(t), t.image_size ? `${t.image_size} px` : '', t.epochs ? `${t.epochs} epochs` : '', `trial ${t.trial}`].filter(Boolean).join(', ')),
    ...(d.attempts.some(a => a.cause && t.state !== 'done') ? part('What went wrong', ...d.attempts.map(a => attempt(a, d.attempts.length > 1))) : []),
    ...part('Curves', epochs.length ? make('div', {className: 'curves'}, curve('loss', ['training', 'validation'], epochs, ['train_loss', 'valid_loss'], ''),
      curve('top-1', ['training', 'validation'], epochs, ['train_top1', 'valid_top1'], '%')) : null),
    ...(r ? part('Results', terms(metrics.map(m => [words(m.key), human(r[m.key], m.unit)]))) : []),
    ...part('Timings', ...d.measurements.map(m => make('p', {}, `${m.kind}, batch ${m.batch_size}: ${human(m.p50, 's')}` +
      (m.low !== null && m.high !== null ? ` (95 % interval ${human(m.low, 's')} to ${human(m.high, 's')})` : '') + `, p99 ${human(m.p99, 's')}, ${human(m.samples_per_second, '1/s')}`))),
    ...part('Conditions', now || d.keys.length ? terms([...(now ? [['device', now.device_name || now.device], ['driver', now.driver], ['LibTorch', now.torch], ['threads', now.threads], ['host', now.host], ['system', now.os],
      ['started (UTC)', now.started_at?.slice(0, 19).replace('T', ' ')], ['ended (UTC)', now.ended_at?.slice(0, 19).replace('T', ' ')]] : []), ...d.keys.map(k => [`key ${k.key}`, k.description])]) : null,
      d.measurements.some(m => m.conditions) ? more('clocks, temperature, load', ...d.measurements.filter(m => m.conditions).map(m => make('pre', {tabIndex: 0}, `${m.kind}, batch ${m.batch_size}\n${pretty(m.conditions)}`))) : null),
    more('config', make('pre', {tabIndex: 0}, pretty(t.spec))));
  dialog.scrollTop = top;
  if (focused) dialog.querySelector('.close').focus();
}

async function load(id) {
  const {body} = await ask(`trial/${id}`), text = JSON.stringify(body);
  if (id !== shown || text === drawn) return;
  drawn = text;
  draw(body);
}

export const trial = {
  start(given) {
    ({ask, metrics} = given);
    const dialog = find('trial');
    dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close(); });
  },

  async open(id) {
    shown = id, drawn = null;
    const dialog = find('trial');
    try {
      await load(id);
    } catch (e) {
      dialog.replaceChildren(make('button', {type: 'button', className: 'close', onclick: () => dialog.close()}, '✕'), make('p', {id: 'trial-name'}, e.message));
    }
    if (!dialog.open && shown === id) dialog.showModal(), dialog.scrollTop = 0;
  },

  // Whether it is open the dialog knows: its `close` event comes late, when another may be opening.
  async update() {
    if (find('trial').open) await load(shown);
  },
};
