#!/usr/bin/env python3
"""The HTML picture in a real browser: hover, filters, axes, details, keyboard, a phone's width; no
error, no request, and nothing of a hostile name is run.

    page_test.py ARCHSWEEP      exits 77 where there is no Chromium
"""
import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from browser import Browser, chromium

archsweep = sys.argv[1]
hostile = "</script><img src=x onerror=\"window.pwned=1\">'&amp;"
faults = []


def check(what, holds):
    if not holds:
        faults.append(what)


def wait(browser, expression, what):
    return browser.until(what, f"!!({expression})", 10)


def insert(database, table, row):
    database.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))


def make_database(path, folder):
    """Twelve experiments of two seeds over ten epochs, in an empty database that the program made."""
    (folder / "empty.csv").write_text("model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,param_count\n"
                                      "resnet18,1000,1,1,224,11.69\n")
    subprocess.run([archsweep, "import", path, folder / "empty.csv"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with sqlite3.connect(path) as database:
        for number in range(24):
            model, seed, trial = number // 2, number % 2, number + 1000
            name, family = (hostile, hostile) if model == 3 else (f"model_{model}", ("red", "blue", "green")[model % 3])
            spec = {"architecture": name, "seed": seed, "training": {"epochs": 10, "note": hostile}}
            settings = {"trial": trial, "source": "sweep", "architecture": name, "tag": "", "family": family, "dataset": "pets",
                        "learning_rate": 0.01, "seed": seed, "epochs": 10, "image_size": 224, "attempt": 1}
            latency, top1 = 0.001 * 1.5 ** model, 0.6 + 0.02 * model - 0.05 * (model % 3 == 1) + 0.04 * seed
            insert(database, "trials", {**settings, "fingerprint": f"f{trial}", "state": "done", "recipe_hash": "r", "spec": json.dumps(spec)})
            insert(database, "results", {**settings, "experiment": name, "top1": top1, "top5": top1 + 0.1, "latency": latency,
                                         "throughput": 2 / latency, "parameters": 10 ** 6 * (model + 1), "train_memory_bytes": 2e9 - 1e8 * model,
                                         "device_name": "CPU", "speed_key": "s", "accuracy_key": "a"})
            for epoch in range(1, 11):
                learnt = 1 - math.exp(-epoch / 3)
                insert(database, "epochs", {"trial": trial, "attempt": 1, "epoch": epoch, "train_loss": 3 - 2 * learnt,
                                            "valid_loss": 3 - 1.8 * learnt, "valid_top1": top1 * learnt})


points = "[...document.querySelectorAll('#chart .scatterlayer .points path.point')]"
layout = "document.getElementById('chart').layout"


def choose(browser, control, value):
    browser.run(f"(c => {{ c.value = {json.dumps(value)}; c.dispatchEvent(new Event('change')); }})(document.getElementById('{control}'))")


def place_of(browser, point):
    return browser.run(f"(p => {{ const b = p.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})({point})")


def drive(browser, page):
    browser.call("Page.navigate", url=page.as_uri())
    if not wait(browser, f"document.readyState === 'complete' && {points}.length", "the page draws points"):
        return
    check("twelve experiments are twelve points", browser.run(points + ".length") == 12)
    check("a title is text", hostile in browser.run("document.getElementById('title').textContent"))

    check("intervals lie within the axes", browser.run(
        "(c => c.data.filter(t => t.error_y?.array).flatMap(t => t.y.map((v, i) => [v - t.error_y.arrayminus[i], v + t.error_y.array[i]]))"
        ".every(([a, b]) => a > c.layout.yaxis.range[0] && b < c.layout.yaxis.range[1]))(document.getElementById('chart'))"))
    check("there are intervals", browser.run("document.getElementById('chart').data.some(t => t.error_y?.array?.some(v => v > 0))"))

    # Hover and click the first point of the frontier.
    x, y = place_of(browser, points + "[0]")
    browser.mouse("mouseMoved", x - 1, y)
    browser.mouse("mouseMoved", x, y)
    wait(browser, "document.querySelector('.hoverlayer .hovertext')", "hovering says something")
    hover = browser.run("document.querySelector('.hoverlayer .hovertext')?.textContent || ''")
    check(f"hovering tells name and both values: {hover}", "model_" in hover and "ms" in hover and "%" in hover)
    browser.click(x, y)
    wait(browser, "!document.getElementById('details').hidden", "clicking opens the details")
    wait(browser, "document.querySelectorAll('#details .curve .scatterlayer .trace').length === 6", "curves: two losses and top1 of two seeds")
    spec = json.loads(browser.run("document.querySelector('#details pre').textContent"))
    check(f"the config is the trial's: {spec}", spec["training"]["epochs"] == 10 and spec["architecture"].startswith("model_"))
    check("all metrics are listed", "train memory" in browser.run("document.getElementById('details').textContent"))
    other = browser.run("(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return document.querySelector('#details pre').textContent })(document.querySelector('#details select'))")
    check("the other seed has its own config", json.loads(other) == {**spec, "seed": 1 - spec["seed"]})
    browser.press("Escape", 27)
    check("Escape closes the details", browser.run("document.getElementById('details').hidden"))

    # From the keyboard.
    browser.run("document.querySelector('#list button').focus()")
    browser.press("Enter", 13)
    check("Enter on a name opens the details", not browser.run("document.getElementById('details').hidden"))
    check("the details have the focus", browser.run("document.activeElement.tagName") == "H2")
    browser.press("Escape", 27)

    # The hostile one, by search.
    browser.run("(f => { f.value = 'onerror'; f.dispatchEvent(new Event('input')); })(document.getElementById('find'))")
    check("the search finds one point", browser.run(points + ".length") == 1)
    browser.run("document.querySelector('#list button').click()")
    wait(browser, "document.querySelector('#details .curve .trace')", "the hostile one has curves")
    check("its name is text", browser.run("document.querySelector('#details h2').textContent").startswith(hostile))
    check("its config is text", json.loads(browser.run("document.querySelector('#details pre').textContent"))["training"]["note"] == hostile)
    x, y = place_of(browser, points + "[0]")
    browser.mouse("mouseMoved", x, y)
    time.sleep(0.3)
    browser.press("Escape", 27)
    browser.run("(f => { f.value = ''; f.dispatchEvent(new Event('input')); })(document.getElementById('find'))")

    # Families.
    front = browser.run("document.querySelectorAll('#list button').length")
    browser.run("[...document.querySelectorAll('#families label')].find(l => l.textContent.startsWith('green')).querySelector('input').click()")
    check("a family leaves", browser.run(points + ".length") == 8)
    check("the frontier is that of what is shown", browser.run("document.querySelectorAll('#list button').length") < front)
    browser.run("document.getElementById('none').click()")
    check("none is none", browser.run(points + ".length") == 0)
    browser.run("document.getElementById('all').click()")
    check("all is all", browser.run(points + ".length") == 12)

    # Axes.
    check("costs are on a log axis", browser.run(layout + ".xaxis.type") == "log")
    browser.run("document.getElementById('log-x').click()")
    check("the switch makes it linear", browser.run(layout + ".xaxis.type") == "linear")
    choose(browser, "x", "throughput")
    check("another axis", "throughput" in browser.run(layout + ".xaxis.title.text"))
    choose(browser, "y", "train_memory_bytes")
    check("lower memory is better", browser.run(layout + ".yaxis.title.text").startswith("← better"))
    check("units follow", "MiB" in browser.run(layout + ".yaxis.ticktext.join()") or "GiB" in browser.run(layout + ".yaxis.ticktext.join()"))
    # Slow models take less memory here: all are on this frontier.
    check("the frontier follows the axes", browser.run("document.querySelectorAll('#list button').length") == 12)
    browser.run("document.getElementById('trends').click()")
    check("trend lines", browser.run("document.getElementById('chart').data.filter(t => t.mode === 'lines').length") == 4)
    check("only metrics that the rows have are offered", browser.run("[...document.getElementById('x').options].every(o => o.value !== 'macs')"))

    # A phone.
    browser.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
    time.sleep(0.5)
    check("a phone's width is enough", browser.run("document.documentElement.scrollWidth") <= 390)
    check("nothing of a name was run", browser.run("window.pwned === undefined"))


def drive_lines(browser, folder):
    """Learning curves, and before and after: the same page without details."""
    browser.call("Emulation.clearDeviceMetricsOverride")
    lines = "document.querySelectorAll('#chart .scatterlayer .lines').length"
    for name, count, more in (("curves", 24, ["--kind", "curves"]), ("compare", 1, ["--kind", "compare", "--before", "a.db", "--after", "a.db"])):
        page = folder / f"{name}.html"
        subprocess.run([archsweep, "plot", "a.db", "-o", page, *more], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        browser.call("Page.navigate", url=page.as_uri())
        wait(browser, f"document.readyState === 'complete' && {lines} >= {count}", f"{name}: lines are drawn")
        check(f"{name}: no axes to choose from", browser.run("document.querySelector('.axes').hidden"))
    check("curves are named", browser.run("document.body.textContent").count("model_") > 0)


def say_faults_of(browser, pages):
    for event in browser.events:
        method, params = event["method"], event["params"]
        if method == "Runtime.exceptionThrown":
            faults.append("exception: " + params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            faults.append(f"console: {params['args']}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            faults.append(f"log: {params['entry']['text']}")
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if url not in pages and not url.startswith(("data:", "blob:", "about:")):
                faults.append(f"request: {url}")


def main():
    if not chromium:
        print("skipped: no chromium here (apt-get install chromium)")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_database(folder / "a.db", folder)
        page = folder / "page.html"
        drawn = subprocess.run([archsweep, "plot", folder / "a.db", "-o", page, "--title", hostile], capture_output=True, text=True)
        if drawn.returncode == 3 and "plotly" in drawn.stderr:
            print(f"skipped: {drawn.stderr.strip()}")
            return 77
        check(f"plot: {drawn.stderr}", drawn.returncode == 0)
        browser = Browser(folder / "profile", faults)
        try:
            drive(browser, page)
            drive_lines(browser, folder)
        finally:
            browser.close()
        say_faults_of(browser, [(folder / f"{name}.html").as_uri() for name in ("page", "curves", "compare")])
    print("\n".join(faults) if faults else "the page works")
    return 1 if faults else 0


sys.exit(main())
