#!/usr/bin/env python3
"""`archsweep serve-model` in a real browser, on a phone and on a desk: photos are chosen, dropped and
pasted, come back as bars, and what cannot be read says why; without network, with the keyboard, in
both themes.

    serve_model_browser_test.py ARCHSWEEP SOURCE_ROOT [FOLDER FOR SCREENSHOTS]
"""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from browser import Browser, chromium
from exported import export, photo
from faults import check, faults

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
pictures = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
if not chromium:
    print("skipped: no chromium here")
    sys.exit(77)
work = Path(tempfile.mkdtemp())
os.chdir(work)


def choose(browser, field, *files):
    where = browser.call("Runtime.evaluate", expression=f"document.querySelector('#{field}')")["result"]["objectId"]
    browser.call("DOM.setFileInputFiles", objectId=where, files=[str(work / f) for f in files])


def drop(browser, *files):
    box = browser.run("(({x, y}) => [x + 5, y + 5])(document.querySelector('#drop').getBoundingClientRect())")
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.call("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data={"items": [], "files": [str(f) for f in files], "dragOperationsMask": 1})


def picture(browser, name):
    if pictures:
        (pictures / f"{name}.png").write_bytes(base64.b64decode(browser.call("Page.captureScreenshot")["data"]))


ANSWERS = "[...document.querySelectorAll('.answer')].map(a => ({name: a.querySelector('h3').textContent, fault: a.querySelector('.fault')?.textContent ?? '', rows: [...a.querySelectorAll('.classes li')].map(l => [l.children[0].textContent, l.children[1].textContent])}))"
DONE = "document.querySelectorAll('.answer .classes, .answer .fault').length"


def test(browser, server, url):
    browser.call("Page.navigate", url=url)
    browser.until("ready", "document.querySelector('#state')?.textContent === 'ready'")
    check("model", browser.run("document.querySelector('#model').textContent") == "test_resnet, 32 pixels, 3 classes: cats, dogs, hens", browser.run("document.querySelector('#model').textContent"))
    check("nothing yet", browser.run("!document.querySelector('#none').hidden && document.querySelector('#clear').hidden"))

    # Chosen: the numbers of `predict`, likeliest first, and then in the order of the vocabulary.
    choose(browser, "files", "chosen.bmp")
    browser.until("an answer", f"{DONE} === 1")
    said = subprocess.run([archsweep, "predict", "pets-model", "chosen.bmp", "--device", "cpu", "--format", "json"], capture_output=True, text=True, check=True).stdout
    rows = [(r["class"], r["probability"]) for r in json.loads(said)]
    best = sorted(rows, key=lambda r: -r[1])
    shown = browser.run(ANSWERS)[0]
    check("bars", [r[0] for r in shown["rows"]] == [r[0] for r in best] and all(abs(float(r[1][:-2]) / 100 - b[1]) < 0.0006 for r, b in zip(shown["rows"], best)), f"{shown} {best}")
    wide = browser.run("[...document.querySelectorAll('.track span')].map(s => s.getBoundingClientRect().width / s.parentElement.getBoundingClientRect().width)")
    check("lengths of bars", all(abs(w - b[1]) < 0.02 for w, b in zip(wide, best)), wide)
    check("it is told", browser.run("document.querySelector('#news').textContent").startswith(f"chosen.bmp: {best[0][0]}, "))
    check("photo is shown", browser.until("decoded", "document.querySelector('.answer img')?.naturalWidth > 0"))
    browser.run("document.querySelector('#vocabulary').focus()")
    browser.press(" ", 32)
    browser.until("vocabulary", "document.querySelector('#vocabulary').checked")
    check("order of the vocabulary", [r[0] for r in browser.run(ANSWERS)[0]["rows"]] == ["cats", "dogs", "hens"], browser.run(ANSWERS))
    check("the likeliest is marked", browser.run("document.querySelector('.likeliest span').textContent") == best[0][0])
    browser.press(" ", 32)

    # Several at once, dropped; one of them no photo. Then pasted.
    drop(browser, *(work / f"dropped{i}.bmp" for i in range(3)), root / "tests/data/images/text.jpg")
    browser.until("all dropped", f"{DONE} === 5")
    answers = {a["name"]: a for a in browser.run(ANSWERS)}
    check("dropped", all(len(answers[f"dropped{i}.bmp"]["rows"]) == 3 for i in range(3)), answers)
    check("no photo", "not a JPEG" in answers["text.jpg"]["fault"], answers["text.jpg"])
    check("it has no picture", browser.run("document.querySelectorAll('.answer .blank').length") == 1)
    browser.run("""(() => { const data = new DataTransfer(); data.items.add(new File([Uint8Array.from([1, 2])], 'pasted.png'));
      dispatchEvent(Object.assign(new ClipboardEvent('paste', {clipboardData: data}))); })()""")
    browser.until("pasted", f"{DONE} === 6")
    browser.until("counted", "document.querySelector('#total').textContent === '6'")
    picture(browser, "desk" if browser.run("innerWidth") > 600 else "phone")

    # Taken with a desk's camera.
    browser.run("document.querySelector('#take').click()")
    browser.until("viewfinder", "document.querySelector('#viewfinder').open && !document.querySelector('#shoot').disabled")
    picture(browser, "viewfinder")
    browser.run("document.querySelector('#shoot').click()")
    browser.until("taken at a desk", f"{DONE} === 7 && !document.querySelector('#viewfinder').open")
    check("photo 1", browser.run(ANSWERS)[0]["name"] == "photo 1.jpg" and len(browser.run(ANSWERS)[0]["rows"]) == 3, browser.run(ANSWERS)[0])
    check("the camera is off", browser.run("document.querySelector('video').srcObject.getTracks().every(t => t.readyState === 'ended')"))
    # Asked twice before it is allowed.
    browser.run("""window.streams = [], window.real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices), navigator.mediaDevices.getUserMedia = async what => {
      await new Promise(done => setTimeout(done, 300)); const stream = await real(what); streams.push(stream); return stream; }, 1""")
    browser.run("document.querySelector('#take').click(), document.querySelector('#take').click()")
    browser.until("viewfinder again", "document.querySelector('#viewfinder').open && !document.querySelector('#shoot').disabled")
    browser.run("new Promise(done => setTimeout(done, 500))")
    browser.run("document.querySelector('#stop').click()")
    browser.until("both are off", "!document.querySelector('#viewfinder').open && streams.length > 0 && streams.every(s => s.getTracks().every(t => t.readyState === 'ended'))")
    check("no trouble", browser.run("document.querySelector('#trouble').hidden"), browser.run("document.querySelector('#trouble').textContent"))

    # A server that stays full is given up, after some tries.
    browser.run("""window.asks = 0, window.ours = window.fetch, window.fetch = async () => (asks++, new Response('{"error": "full"}', {status: 503, headers: {'Retry-After': '0.01'}})), 1""")
    choose(browser, "files", "chosen.bmp")
    browser.until("given up", "document.querySelector('.answer .fault')?.textContent === 'the server is too busy; try again later'")
    check("after some tries", 10 < browser.run("asks") < 100, browser.run("asks"))
    browser.run("window.fetch = window.ours, 1")

    # A phone's width and a desk's, in both themes.
    for width in (360, 390, 1200):
        browser.size(width, 800)
        for theme in ("light", "dark"):
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
            check(f"{theme} fits {width}", browser.run("document.documentElement.scrollWidth") <= width, browser.run("document.documentElement.scrollWidth"))
            check(theme, (browser.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)") == (theme == "dark"))
            picture(browser, f"{width}-{theme}")
    browser.call("Emulation.setTouchEmulationEnabled", enabled=True)
    browser.size(390, 844)

    # Everything has a name for who cannot see it, and can be reached.
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    unnamed = [n for n in tree if not n.get("ignored") and n["role"]["value"] in ("button", "checkbox", "link") and not n.get("name", {}).get("value")]
    check("names", not unnamed, unnamed)
    check("a heading", browser.run("document.querySelectorAll('h1').length") == 1)

    # Cleared, and the server that goes is told.
    browser.run("document.querySelector('#clear').click()")
    check("cleared", browser.run("document.querySelectorAll('.answer').length === 0 && !document.querySelector('#none').hidden && document.activeElement.id === 'choose'"))
    server.terminate()
    check("0", server.wait(15) == 0, server.returncode)
    choose(browser, "files", "chosen.bmp")
    browser.until("gone", "document.querySelector('.answer .fault')?.textContent.startsWith('the server cannot be reached')")

    # Touch: the camera is offered.
    again = serve()
    browser.call("Page.navigate", url=again[1])
    browser.until("ready again", "document.querySelector('#state')?.textContent === 'ready'")
    if browser.run("matchMedia('(pointer: coarse)').matches"):
        check("camera", browser.run("!document.querySelector('#take').hidden && document.querySelector('#camera').getAttribute('capture') === 'environment'"))
        choose(browser, "camera", "dropped0.bmp")
        browser.until("taken", f"{DONE} === 1")
        picture(browser, "camera")
    again[0].kill(), again[0].wait()

    browser.run("1")  # takes in what events are left
    for event in browser.events:
        if event["method"] == "Runtime.exceptionThrown":
            faults.append(f"exception: {event['params']['exceptionDetails'].get('exception', {}).get('description')}")
        if event["method"] == "Log.entryAdded" and "Content Security Policy" in event["params"]["entry"]["text"]:
            faults.append(event["params"]["entry"]["text"])
        if event["method"] == "Network.requestWillBeSent":
            asked = event["params"]["request"]["url"]
            check("only our server is asked", re.match(r"data:|about:|blob:http://127\.0\.0\.1:\d+/|http://127\.0\.0\.1:\d+/", asked), asked)


def serve():
    server = subprocess.Popen([archsweep, "serve-model", "pets-model", "--port", "0", "--device", "cpu"], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    return server, server.stdout.readline().strip()


export(archsweep)
for name in ("chosen", "dropped0", "dropped1", "dropped2"):
    Path(f"{name}.bmp").write_bytes(photo(name))
server, url = serve()
browser = Browser(work / "profile", faults, 1200, 800)
try:
    test(browser, server, url)
finally:
    browser.close()
    server.kill(), server.wait()
    os.chdir("/")
    shutil.rmtree(work, ignore_errors=True)
sys.exit(1 if faults else 0)
