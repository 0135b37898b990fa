// The table of finished trials: sorted, filtered and cut on the server.

import {breakable, find, human, make, objects, title, words} from './parts.js';

const others = ['latency', 'throughput', 'train_seconds', 'train_memory_bytes', 'parameters'];
const step = 50;
const most = 500;
let ask, metrics, open, changed;
let usual = 'top1';  // the metric of quality, as the server finds it in the trials
let sort = '', down = true, shown = step, wait = 0, asked = 0, front = new Set();  // sort '': by the usual one

const better = key => metrics.find(m => m.key === key)?.better === 'higher';

function filter() {
  const parts = new URLSearchParams();
  for (const id of ['text', 'family', 'where']) if (find(id).value.trim()) parts.set(id, find(id).value.trim());
  return parts;
}

function columns() {
  const main = [usual, ...others], keys = main.includes(sort) || !metrics.some(m => m.key === sort) ? main : [sort, ...main];
  return [{key: 'architecture', name: 'architecture'}, ...metrics.length ? keys.map(key => ({key, name: words(key), unit: metrics.find(m => m.key === key).unit})) : [],
    {key: 'learning_rate', name: 'lr'}, {key: 'seed', name: 'seed'}, {key: 'image_size', name: 'px'}];
}

const sorted = () => sort || usual;

function by(key, toggle) {
  down = toggle && key === sorted() ? !down : better(key || usual);
  sort = key, shown = step;
  board.update();
}

function draw(trials, total) {
  const all = columns(), focused = document.activeElement?.dataset?.key;
  find('heads').replaceChildren(...all.map(c => {
    const head = make('th', {scope: 'col'}, Object.assign(make('button', {type: 'button', onclick: () => by(c.key, true)}, c.name)));
    head.firstChild.dataset.key = c.key;
    if (c.key === sorted()) head.ariaSort = down ? 'descending' : 'ascending';
    return head;
  }));
  if (focused) find('heads').querySelector(`[data-key="${focused}"]`)?.focus();
  const kinds = [...new Set(trials.map(t => t.speed_key + t.accuracy_key))];
  find('rows').replaceChildren(...trials.map(t => make('tr', {onclick: () => open(t.trial)}, ...all.map((c, i) => i
    ? make('td', {}, c.unit !== undefined ? human(t[c.key], c.unit) : t[c.key] === null ? '–' : String(c.key === 'learning_rate' ? +t[c.key].toPrecision(4) : t[c.key]))
    : make('td', {className: front.has(t.trial) ? 'front' : ''}, make('button', {type: 'button', className: 'link', onclick: e => { e.stopPropagation(); open(t.trial); }}, ...breakable(title(t))),
      kinds.length > 1 ? make('small', {className: 'quiet'}, ` group ${kinds.indexOf(t.speed_key + t.accuracy_key) + 1}`) : null)))));
  find('sort').value = metrics.some(m => m.key === sorted()) ? sorted() : '';
  find('total').textContent = trials.length < total ? `${trials.length} of ${total}` : `${total}`;
  find('more').hidden = trials.length >= total || shown >= most;
  find('board-note').textContent = [kinds.length > 1 ? `${kinds.length} groups of machine, precision or recipe: compare within one only.` : '',
    trials.length ? '' : filter().size ? 'No finished trial fits the filter.' : 'No trial has finished yet.',
    trials.length < total && shown >= most ? 'Filter to see others.' : ''].join(' ');
}

export const board = {
  filter,

  start(given) {
    ({ask, metrics, open, changed} = given);
    find('sort').replaceChildren(make('option', {value: '', hidden: true}), ...metrics.map(m => make('option', {value: m.key, title: m.help}, words(m.key))));
    find('sort').onchange = () => by(find('sort').value, false);
    const filtered = () => { shown = step; clearTimeout(wait); wait = setTimeout(() => { board.update(); changed(); }, 250); };
    find('filter').oninput = e => { if (e.target.id !== 'sort') filtered(); };
    find('filter').onreset = () => { setTimeout(() => { by('', false); changed(); }); };
    find('filter').onsubmit = e => e.preventDefault();
    find('more').onclick = () => { shown += step; board.update(); };
  },

  family(name) {
    find('family').value = name;
    find('filter').oninput({target: find('family')});
  },

  // The picture knows which are on the frontier.
  mark(trials) {
    front = trials;
    this.update();
  },

  async families() {
    const families = objects((await ask('families')).body), before = find('family').value;
    find('family').replaceChildren(make('option', {value: ''}, 'all'), ...families.map(f => make('option', {value: f.family}, `${f.family} (${f.trials})`)));
    find('family').value = families.some(f => f.family === before) ? before : '';
  },

  async update() {
    const parts = filter(), turn = ++asked;
    if (sort) parts.set('sort', sort), parts.set('order', down ? 'desc' : 'asc');
    parts.set('limit', shown);
    try {
      const {body} = await ask(`trials?${parts}`);
      if (turn !== asked) return;  // a later question is on its way
      find('filter-fault').hidden = true;
      usual = body.usual;
      if (!sort) down = better(usual);
      draw(objects(body), body.total);
    } catch (e) {
      if (!e.mine) throw e;
      find('filter-fault').textContent = e.message;
      find('filter-fault').hidden = false;
    }
  },
};
