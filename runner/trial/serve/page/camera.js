// A desk's camera: a dialog with what it sees. A phone's own app is better (input capture).

import {find} from './parts.js';

let taken = 0;

// Where there is none or the page may not use it, the promise of the returned function is broken.
export function camera(use) {
  const dialog = find('viewfinder'), video = dialog.querySelector('video');
  let stream = null, opening = null;
  video.onloadeddata = () => { find('shoot').disabled = false; };
  find('shoot').onclick = () => {
    const canvas = Object.assign(document.createElement('canvas'), {width: video.videoWidth, height: video.videoHeight});
    canvas.getContext('2d').drawImage(video, 0, 0);
    canvas.toBlob(blob => use(new File([blob], `photo ${++taken}.jpg`, {type: blob.type})), 'image/jpeg', 0.95);
    dialog.close();
  };
  find('stop').onclick = () => dialog.close();
  dialog.onclose = () => stream.getTracks().forEach(track => track.stop());
  async function open() {
    stream = await navigator.mediaDevices.getUserMedia({video: true});
    find('shoot').disabled = true;
    video.srcObject = stream;
    dialog.showModal();
  }
  // Asked again before the user has allowed it: the same stream, as nothing would stop a second.
  return () => opening ??= open().finally(() => { opening = null; });
}
