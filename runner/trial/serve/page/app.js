// The page around an exported network: photos go to POST predict one by one, two at a time, and
// come back as bars.

import {camera} from './camera.js';
import {find, make} from './parts.js';

const few = 5;      // classes that are shown of each photo
const at_once = 2;  // the server decodes them beside each other
const tries = 30;   // about a second apart, while the server is full
const waiting = [], answers = [];
let limits = null, asking = 0;

// The token was needed once; the cookie has it now.
if (location.search) history.replaceState(null, '', location.pathname);

const pause = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
const percent = p => `${(100 * p).toFixed(1)} %`;

function trouble(text) {
  find('trouble').textContent = text;
  find('trouble').hidden = !text;
}

// Throws an Error with the server's reason. A full server is asked again for a while.
async function ask(path, options) {
  for (let tried = 1; ; tried++) {
    let reply;
    try { reply = await fetch(path, options); } catch { throw new Error('the server cannot be reached, or the photo cannot be read'); }
    const text = await reply.text();
    if (reply.status === 503 && tried < tries) { await pause(+reply.headers.get('Retry-After') || 1); continue; }
    if (reply.ok) return JSON.parse(text);
    if (reply.status === 503) throw new Error('the server is too busy; try again later');
    try { throw new Error(JSON.parse(text).error); } catch (e) { throw e instanceof SyntaxError ? new Error(text.trim() || `the server answered ${reply.status}`) : e; }
  }
}

// The top ones; both orders show the same classes.
function shown(classes) {
  const best = [...classes.keys()].sort((a, b) => classes[b].probability - classes[a].probability);
  const top = find('every').checked ? best : best.slice(0, few);
  if (find('vocabulary').checked) top.sort((a, b) => a - b);
  return top.map(i => ({...classes[i], likeliest: i === best[0]}));
}

function bar({class: name, probability, likeliest}) {
  const fill = make('span');
  fill.style.width = `${100 * probability}%`;
  return make('li', {className: likeliest ? 'likeliest' : ''}, make('span', {}, name), make('span', {className: 'number'}, percent(probability)),
    Object.assign(make('span', {className: 'track', ariaHidden: 'true'}, fill)));
}

function draw(answer) {
  const body = answer.fault ? make('p', {className: 'fault'}, answer.fault)
    : answer.classes ? make('ol', {className: 'classes'}, ...shown(answer.classes).map(bar)) : make('p', {className: 'waiting'}, 'waiting');
  const old = answer.card.lastChild;
  old.className === 'place' ? old.replaceChildren(body) : answer.card.append(make('div', {className: 'place'}, body));
}

function count() {
  const left = answers.filter(a => !a.classes && !a.fault).length;
  find('total').textContent = answers.length ? left ? `${answers.length - left} of ${answers.length}` : `${answers.length}` : '';
  find('none').hidden = find('clear').hidden = false;
  find('none').hidden = answers.length > 0;
  find('clear').hidden = answers.length === 0;
}

async function next() {
  if (asking >= at_once || !waiting.length) return;
  asking++;
  const answer = waiting.shift();
  try {
    if (limits && answer.file.size > limits.image_bytes) throw new Error(`larger than ${Math.floor(limits.image_bytes / 2 ** 20)} MiB`);
    const {predictions} = await ask('predict', {method: 'POST', body: answer.file});
    answer.classes = predictions[0].classes;
    const best = answer.classes.reduce((a, b) => b.probability > a.probability ? b : a);
    find('news').textContent = `${answer.file.name}: ${best.class}, ${percent(best.probability)}`;
  } catch (e) {
    answer.fault = e.message;
    find('news').textContent = `${answer.file.name}: ${e.message}`;
  }
  asking--;
  draw(answer), count(), next();
}

function add(files) {
  for (const file of files) {
    const url = URL.createObjectURL(file), picture = make('img', {src: url, alt: ''});
    picture.onerror = () => picture.replaceWith(make('span', {className: 'blank'}));
    const answer = {file, url, card: make('li', {className: 'answer'}, picture, make('h3', {}, file.name))};
    answers.push(answer), waiting.push(answer);
    find('answers').prepend(answer.card);
    draw(answer);
  }
  count();
  for (let i = 0; i < at_once; i++) next();
}

function chosen(input) {
  add(input.files);
  input.value = '';  // the same one may be chosen again
}

find('choose').onclick = () => find('files').click();
const touch = matchMedia('(pointer: coarse)').matches;
const open = camera(photo => add([photo]));
find('take').onclick = () => touch ? find('camera').click() : open().then(() => trouble(''), e => trouble(`no camera: ${e.message}`));
find('take').hidden = !touch && !navigator.mediaDevices;  // which pages over a network's http have not
find('invitation').hidden = touch;
find('files').onchange = find('camera').onchange = e => chosen(e.target);
find('vocabulary').onchange = find('every').onchange = () => answers.forEach(draw);
find('clear').onclick = () => {
  for (const {url} of answers) URL.revokeObjectURL(url);
  waiting.length = answers.length = 0;
  find('answers').replaceChildren();
  count();
  find('choose').focus();
};

// Anywhere on the page; text and links that are dragged over it are none of ours.
const carries = e => [...e.dataTransfer?.types ?? []].includes('Files');
addEventListener('dragover', e => { if (carries(e)) { e.preventDefault(); document.body.classList.add('over'); } });
addEventListener('dragleave', e => { if (!e.relatedTarget) document.body.classList.remove('over'); });
addEventListener('drop', e => {
  document.body.classList.remove('over');
  if (carries(e)) { e.preventDefault(); add(e.dataTransfer.files); }
});
addEventListener('paste', e => { if (e.clipboardData?.files.length) add(e.clipboardData.files); });

try {
  const model = await ask('model');
  limits = model.limits;
  find('model').textContent = `${model.architecture}, ${model.image_size} pixels, ${model.classes.length} classes: ${model.classes.slice(0, 8).join(', ')}${model.classes.length > 8 ? ', …' : ''}`;
  find('every-label').hidden = model.classes.length <= few;
  find('state').textContent = 'ready';
  find('state').className = 'pill good';
} catch (e) {
  find('state').textContent = 'away';
  find('state').className = 'pill bad';
  trouble(e.message);
}
