#!/usr/bin/env python3
"""`archsweep serve` in a real browser while a real sweep runs: what runs is shown live, the frontier
and the table grow, failures tell why; the page outlives the server and the database.

Drives Debian's chromium over its debugging pipe. Skips where there is none.

    serve_browser_test.py ARCHSWEEP SOURCE_ROOT
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from browser import Browser, chromium
from faults import check, faults

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
if not chromium:
    print("skipped: no chromium here")
    sys.exit(77)
work = Path(tempfile.mkdtemp())
os.chdir(work)
children = []


def start(*command, **options):
    children.append(subprocess.Popen([archsweep, *command], text=True, **options))
    return children[-1]


def serve(port=0, database="sweep.db"):
    server = start("serve", database, "--port", str(port), stdout=subprocess.PIPE)
    server.stdout.readline()
    server.url = server.stdout.readline().strip()
    return server


def sweep():
    for kind in ("cats", "dogs"):
        Path("pets", kind).mkdir(parents=True)
        for i in range(20):
            shutil.copy(root / "tests/data/images/rgb.png", f"pets/{kind}/{i}.png")
    Path("sweep.yaml").write_text("""
dataset: {kind: image_folder, root: pets, image_size: 32}
architectures: [test_resnet, lcnet_050, test_convnext]
learning_rate: [0.001, 0.002, 1000]
training: {epochs: 15, batch_size: 4}
measurement: {batch_sizes: [1], seconds: 0.05, warmup_seconds: 0.02}
scheduler: {device: cpu, threads: 1}
output: {name: night}
""")
    return start("run", "sweep.yaml", "--db", "sweep.db", stdout=open("sweep.log", "w"), stderr=subprocess.STDOUT)


def test(browser):
    night = sweep()
    end = time.time() + 60
    while time.time() < end and not re.search("^epoch", Path("sweep.log").read_text(), re.M):
        time.sleep(0.05)
    server = serve()
    browser.call("Page.navigate", url=server.url)

    # Live: an epoch and then a later one, without a reload.
    browser.run("window.same = true")
    first = browser.until("a running trial", "document.querySelector('#cards .number')?.textContent.includes('loss') && document.querySelector('#cards').innerText")
    browser.until("it goes on", f"document.querySelector('#cards').innerText !== {json.dumps(first)}")
    browser.until("its curve", "!!document.querySelector('#cards svg path.curve, #cards svg circle')")
    browser.until("first row", "document.querySelectorAll('#rows tr').length > 0", 120)
    rows = browser.run("document.querySelectorAll('#rows tr').length")
    browser.until("more rows", f"document.querySelectorAll('#rows tr').length > {rows}", 120)
    browser.until("the end", "document.querySelector('#state').textContent === 'finished'", 180)
    check("sweep", night.wait(60) in (0, 1), night.returncode)
    browser.until("all rows", "document.querySelectorAll('#rows tr').length === 6 && document.querySelector('#total').textContent === '6'")
    check("nothing runs", browser.run("document.querySelector('#running').hidden"))
    check("counts", browser.run("document.querySelector('#counts').textContent").startswith("6 done, 3 failed of 9 trials"), browser.run("document.querySelector('#counts').textContent"))
    check("not reloaded", browser.run("window.same === true"))

    # The picture holds the frontier of the database.
    said = subprocess.run([archsweep, "query", "sweep.db", "SELECT count(*) FROM frontier", "--format", "csv"], capture_output=True, text=True, check=True).stdout
    on_it = int(said.split()[1])
    browser.until("frontier", f"document.querySelectorAll('#front button').length === {on_it}")
    check("marks in the table", browser.run("document.querySelectorAll('#rows td.front').length") == on_it)
    if browser.run("fetch('plotly.min.js', {method: 'HEAD'}).then(r => r.ok)"):
        browser.until("points", "document.querySelectorAll('#chart .scatterlayer .point').length >= 6")
        browser.run("document.querySelector('#x').value = 'parameters', document.querySelector('#x').onchange()")
        browser.until("other axis", "document.querySelector('#chart .xtitle')?.textContent === 'parameters'")
    else:
        browser.until("no plotly is told", "document.querySelector('#chart-note').textContent.includes('ARCHSWEEP_PLOTLY')")

    # Width of a phone, in both themes.
    for theme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        check(f"{theme} fits", browser.run("document.documentElement.scrollWidth <= 360"), browser.run("document.documentElement.scrollWidth"))
        dark = browser.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        check(theme, dark == (theme == "dark"))

    # Sorting and filtering.
    cells = "[...document.querySelectorAll('#rows tr')].map(r => r.cells[%d].textContent)"
    browser.run("document.querySelector('#heads [data-key=parameters]').click()")
    browser.until("sorted", "document.querySelector('#heads [data-key=parameters]').parentElement.ariaSort === 'ascending'")
    up = browser.run(cells % 0)
    browser.run("document.querySelector('#heads [data-key=parameters]').click()")
    browser.until("sorted down", "document.querySelector('#heads [data-key=parameters]').parentElement.ariaSort === 'descending'")
    check("order", browser.run(cells % 0)[0].split()[0] == up[-1].split()[0] == "lcnet_050", up)
    put = "document.querySelector('#%s').value = %s, document.querySelector('#%s').dispatchEvent(new Event('input', {bubbles: true}))"
    browser.run(put % ("text", "'LCNET'", "text"))
    browser.until("by name", "document.querySelector('#total').textContent === '2'")
    browser.run(put % ("where", "'nope > 1'", "where"))
    browser.until("bad condition", "document.querySelector('#filter-fault').textContent.includes('no such column: nope')")
    check("it stays usable", browser.run("document.querySelector('#trouble').hidden"))
    browser.run("document.querySelector('#filter button[type=reset]').click()")
    browser.until("cleared", "document.querySelector('#total').textContent === '6' && document.querySelector('#filter-fault').hidden")

    # All about one, with the keyboard alone.
    browser.run("document.querySelector('#rows button').focus()")
    browser.press("Enter", 13)
    browser.until("dialog", "document.querySelector('#trial').open")
    check("curves", browser.run("document.querySelectorAll('#trial figure svg path.curve').length") >= 3)
    check("config", '"batch_size": 4' in browser.run("[...document.querySelectorAll('#trial pre')].at(-1).textContent"))
    check("dialog fits", browser.run("document.querySelector('#trial').scrollWidth <= 360"))
    browser.press("Escape", 27)
    browser.until("closed", "!document.querySelector('#trial').open")
    check("focus is back", browser.run("document.activeElement === document.querySelector('#rows button')"))
    check("failures", browser.run("document.querySelector('#failures').innerText").count("diverged") == 3, browser.run("document.querySelector('#failures').innerText"))
    browser.run("document.querySelector('#failures button').click()")
    browser.until("why", "document.querySelector('#trial').open && document.querySelector('#trial').innerText.includes('What went wrong')")
    browser.run("document.querySelector('#trial .close').click()")

    # The database goes and comes back; so does the server.
    os.rename("sweep.db", "away.db")
    browser.until("gone is told", "!document.querySelector('#trouble').hidden && document.querySelector('#trouble').textContent.includes('no such file')")
    os.rename("away.db", "sweep.db")
    browser.until("back", "document.querySelector('#trouble').hidden")
    server.kill(), server.wait()
    browser.until("server gone", "document.querySelector('#trouble').textContent.includes('cannot be reached')")
    serve(int(re.search(r":(\d+)/", server.url)[1]))
    browser.until("server back", "document.querySelector('#trouble').hidden && document.querySelector('#state').textContent === 'finished'")

    # A token is needed once, and leaves the address.
    guarded = start("serve", "sweep.db", "--port", "0", "--token", "a-token-of-mine-1", stdout=subprocess.PIPE)
    guarded.stdout.readline()
    browser.call("Page.navigate", url=guarded.stdout.readline().strip())
    browser.until("with a token", "document.querySelectorAll('#rows tr').length === 6 && !location.href.includes('token')")
    browser.call("Page.reload")
    browser.until("by the cookie", "document.querySelectorAll('#rows tr').length === 6")

    # Numbers are not right or wrong: the loss is in the place of the accuracy, the least first.
    subprocess.run([archsweep, "run", root / "configs/curve.yaml", "--set", "scheduler.device=cpu", "--db", "curve.db"], check=True, stdout=subprocess.DEVNULL)
    browser.call("Page.navigate", url=serve(database="curve.db").url)
    browser.until("by the loss", "document.querySelector('#heads [data-key=valid_loss]')?.parentElement.ariaSort === 'ascending' && document.querySelectorAll('#rows tr').length > 1")
    check("no accuracy", browser.run("!document.querySelector('#heads [data-key=top1]') && document.querySelector('#sort').value === 'valid_loss'"))
    losses = [float(text) for text in browser.run(cells % 1)]
    check("the least first", losses == sorted(losses) and browser.run(cells % 0)[0].startswith("quadratic"), f"{losses} {browser.run(cells % 0)}")
    browser.run("document.querySelector('#heads [data-key=valid_loss]').click()")
    browser.until("the most first", "document.querySelector('#heads [data-key=valid_loss]').parentElement.ariaSort === 'descending'")
    browser.run("document.querySelector('#heads [data-key=parameters]').click()")
    browser.until("by size", "document.querySelector('#heads [data-key=parameters]').parentElement.ariaSort === 'ascending' && document.querySelector('#sort').value === 'parameters'")
    browser.run("document.querySelector('#filter button[type=reset]').click()")
    browser.until("by the loss again", "document.querySelector('#heads [data-key=valid_loss]').parentElement.ariaSort === 'ascending' && document.querySelector('#sort').value === 'valid_loss'")

    browser.run("1")  # takes in what events are left
    for event in browser.events:
        if event["method"] == "Runtime.exceptionThrown":
            faults.append(f"exception: {event['params']['exceptionDetails'].get('exception', {}).get('description')}")
        if event["method"] == "Network.requestWillBeSent":
            url = event["params"]["request"]["url"]
            check("only our server is asked", re.match(r"data:|about:|http://127\.0\.0\.1:\d+/", url), url)


browser = Browser(work / "profile", faults, 360, 780)
try:
    test(browser)
finally:
    browser.close()
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
    os.chdir("/")
    shutil.rmtree(work, ignore_errors=True)
sys.exit(1 if faults else 0)
