// The live page: asks every second how the sweep stands, and for the rest when a trial has finished.
// What has not changed costs a few bytes: the browser sends the version it has, the server says
// "not modified".

import {breakable, clock, duration, find, lines, make, objects, setting, title} from './parts.js';
import {picture} from './picture.js';
import {board} from './board.js';
import {trial} from './trial.js';

// The token was needed once; the cookie has it now. Links that are passed on do not.
if (location.search) history.replaceState(null, '', location.pathname + location.hash);

// Throws an Error whose `mine` says that the question was wrong, not the server away.
async function ask(path) {
  const reply = await fetch(`api/${path}`, {cache: 'no-cache', signal: AbortSignal.timeout(20000)});
  const version = reply.headers.get('ETag');
  if (reply.status === 401) throw new Error('this browser has no token: open the whole address that archsweep serve printed');
  let body;
  try { body = await reply.json(); } catch { throw new Error(`the server answered ${reply.status}`); }
  if (!reply.ok) throw Object.assign(new Error(body.error), {mine: reply.status === 400});
  return {body, version};
}

const show = {open: id => trial.open(id)};
let version = null, results = null, fault = 0, timer = 0;

function state(s) {
  if (!s.sweep) return s.writer ? ['measuring', 'live'] : ['results', ''];
  if (s.sweep.ended_at) return s.writer ? ['busy', 'live'] : s.sweep.outcome === 'finished' ? ['finished', 'good'] : ['stopped', 'wait'];
  return s.writer ? ['running', 'live'] : ['cut off', 'bad'];
}

function head(s) {
  const {planned, running, paused, done, failed} = s.counts, all = planned + running + paused + done + failed;
  const name = s.sweep ? s.sweep.name : s.database;
  find('name').textContent = name;
  const [word, kind] = state(s);
  document.title = all && word === 'running' ? `${Math.floor(100 * (done + failed) / all)} % ${name}` : `${name}: ${word}`;
  find('state').textContent = word;
  find('state').className = `pill ${kind}`;
  find('bar').replaceChildren(...['done', 'failed', 'paused', 'running'].filter(k => s.counts[k]).map(k => {
    const part = make('span', {className: k});
    part.style.flexGrow = s.counts[k];
    return part;
  }), ...(planned ? [Object.assign(make('span'), {})] : []));
  if (planned) find('bar').lastChild.style.flexGrow = planned;
  const words = [`${done} done`, failed && `${failed} failed`, running && `${running} running`, paused && `${paused} paused`, planned && `${planned} to come`].filter(Boolean).join(', ');
  find('bar').ariaLabel = words;
  const late = s.left === null ? '' : `; about ${duration(s.left)} left, until ${clock(new Date(Date.now() + 1000 * s.left))}`;
  const [before, after] = words.split(`${failed} failed`);
  find('counts').replaceChildren(before, failed ? make('a', {href: '#failed'}, `${failed} failed`) : '', (after || '') + ` of ${all} trials` + late +
    (word === 'cut off' ? '. The scheduler is gone; the same archsweep run goes on from here.' : '') +
    (word === 'finished' || word === 'stopped' ? `, ${word} ${clock(new Date(s.sweep.ended_at))} after ${duration(s.sweep.elapsed)}` : ''));
}

function cards(trials) {
  find('running').hidden = !trials.length;
  const focused = document.activeElement?.dataset?.trial;
  find('cards').replaceChildren(...trials.map(t => {
    const epochs = objects(t.curve), now = epochs.at(-1);
    const card = make('button', {className: 'card', type: 'button', onclick: () => show.open(t.trial)},
      make('div', {className: 'line'}, make('b', {}, ...breakable(title(t))), make('small', {className: 'quiet'}, `${setting(t)} on ${t.device}`)),
      make('div', {className: 'number'}, now
        ? `epoch ${now.epoch} of ${t.epochs}` + (now.train_loss !== null ? `, loss ${now.train_loss.toFixed(3)}` : '') + (now.valid_top1 !== null ? `, top-1 ${(100 * now.valid_top1).toFixed(1)} %` : '')
        : t.source === 'bench' ? 'measuring' : `first of ${t.epochs} epochs`),
      lines([{name: 'training loss', points: epochs.filter(e => e.train_loss !== null).map(e => [e.epoch, e.train_loss])},
        {name: 'validation loss', points: epochs.filter(e => e.valid_loss !== null).map(e => [e.epoch, e.valid_loss])}], {last: t.epochs}));
    card.dataset.trial = t.trial;
    return make('li', {}, card);
  }));
  if (focused) find('cards').querySelector(`[data-trial="${focused}"]`)?.focus();
}

function failures(rows, total) {
  find('failed').hidden = !rows.length;
  find('failed-total').textContent = total > rows.length ? `the latest ${rows.length} of ${total}` : `${total}`;
  find('failures').replaceChildren(...rows.map(t => make('li', {}, make('button', {className: 'card', type: 'button', onclick: () => show.open(t.trial)},
    make('div', {className: 'line'}, make('b', {}, ...breakable(title(t))), make('span', {className: 'pill bad'}, (t.cause || 'failed').replaceAll('_', ' ')), make('small', {className: 'quiet'}, setting(t))),
    make('div', {}, t.message || '')))));
}

function trouble(text) {
  find('trouble').textContent = text;
  find('trouble').hidden = !text;
  if (text) find('state').className = 'pill bad', find('state').textContent = 'not reached';
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await ask('summary'), s = answer.body;
    if (answer.version !== version || fault) {
      head(s);
      cards(s.running);
      if (s.failed || !find('failed').hidden) failures(objects((await ask('failures')).body), s.failed);
      if (results !== s.results) {
        await board.families();
        await Promise.all([picture.update(), board.update()]);
      }
      await trial.update();
      [version, results, fault] = [answer.version, s.results, 0];
      trouble('');
    }
  } catch (e) {
    ++fault;
    const gone = e instanceof TypeError || e.name === 'TimeoutError';
    trouble((gone ? 'archsweep serve cannot be reached' : e.message) + '; trying again');
  }
  if (!document.hidden) timer = setTimeout(look, Math.min(1000 * 2 ** Math.min(fault, 3), 5000));
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
addEventListener('online', look);

async function start() {
  try {
    const metrics = (await ask('metrics')).body;
    trial.start({ask, metrics});
    board.start({ask, metrics, open: show.open, changed: () => picture.update()});
    picture.start({ask, metrics, open: show.open, filter: board.filter});
  } catch (e) {
    trouble(`${e instanceof TypeError ? 'archsweep serve cannot be reached' : e.message}; trying again`);
    return setTimeout(start, 2000);
  }
  look();
}
start();
