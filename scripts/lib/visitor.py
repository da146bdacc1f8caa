"""A person in front of a page: reads it, clicks, types, and goes where links and forms lead."""
import json, time

from chromium import Chromium

# Elements are found by the words that a person sees.
WORDS = r"""
const clean = text => (text || '').replace(/\s+/g, ' ').trim();
const shown = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
const named = e => [clean(e.innerText), clean(e.getAttribute('aria-label'))];
const labels = () => [...document.querySelectorAll('label')].filter(l => l.control && shown(l));
const control = words => (labels().find(l => clean(l.innerText) === words) || labels().find(l => clean(l.innerText).startsWith(words)))?.control
    || [...document.querySelectorAll('input, select')].find(e => e.getAttribute('aria-label') === words);
const thing = words => [...document.querySelectorAll('button, a, summary')].filter(shown).find(e => named(e).includes(words));
"""


class Visitor(Chromium):
    """One person with one browser. Every wait is for something, and ends after ``patience`` seconds."""

    patience = 30

    def __init__(self, base, binary=None):
        self.base, self.loads, self.posts, self.complaints, self.documents, self.status = base, 0, [], [], set(), None
        super().__init__(binary)

    def connect(self):
        super().connect()
        self.call("Log.enable")
        self.call("Accessibility.enable")
        # A page in the background gets no focus.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.size(1200)

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Network.requestWillBeSent" and parameters["request"]["method"] == "POST":
            self.posts.append(parameters["request"]["url"])
        elif method == "Network.responseReceived" and parameters["type"] == "Document":
            self.documents.add(parameters["response"]["url"])
            self.status = parameters["response"]["status"]
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert", "warning"):
            self.complaints.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            entry = parameters["entry"]
            # That a page was answered with 4xx is what a journey says, not a fault of the page.
            if not (entry["source"] == "network" and entry.get("url") in self.documents):
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    # Moving

    def follow(self, action):
        """Does what leads to another page, and waits for it."""
        before, deadline = self.loads, time.monotonic() + self.patience
        action()
        while self.loads == before:
            if time.monotonic() > deadline:
                raise TimeoutError("no page came")
            self.note(json.loads(self.web.receive()))

    def go(self, path):
        self.follow(lambda: self.call("Page.navigate", url=path if path.startswith("http") else self.base + path))

    def press(self, words):
        """Clicks the button or link and waits for the page that comes."""
        self.follow(lambda: self.click(words))

    def size(self, width, height=900, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scripts(self, are_on):
        self.call("Emulation.setScriptExecutionDisabled", value=not are_on)

    def forget(self):
        """Becomes somebody whom the server does not know."""
        self.call("Network.clearBrowserCookies")

    # Reading

    def js(self, expression):
        answer = self.call("Runtime.evaluate", expression="(() => {" + WORDS + "return " + expression.strip() + "})()", returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise ValueError(f"{expression}: {details.get('exception', {}).get('description') or details['text']}")
        return answer.get("result", {}).get("value")

    def until(self, expression):
        """Whether it became true in time."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            try:
                if self.js(expression):
                    return True
            except ValueError:
                # Another page is just coming.
                pass
            time.sleep(0.01)
        return False

    @property
    def text(self):
        return self.js("clean(document.body?.innerText)")

    @property
    def path(self):
        return self.js("location.pathname")

    def sees(self, words):
        return words in self.text

    def has(self, words):
        """Whether there is such a button or link."""
        return self.js(f"thing({json.dumps(words)}) != null")

    def value(self, label):
        return self.js(f"control({json.dumps(label)})?.value")

    def part(self, selector):
        """The words of a part of the page; empty where it is not shown."""
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].filter(shown).map(e => clean(e.innerText)).join(' ')")

    # Acting

    def click(self, words):
        self.click_at(f"thing({json.dumps(words)})", words)

    def tick(self, label):
        """Clicks the box, whichever way it stands."""
        self.click_at(f"control({json.dumps(label)})", label)

    def click_at(self, element, words):
        place = self.js(
            f"(() => {{ const e = {element}; if (!e) return null; e.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const box = e.getClientRects()[0]; const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];"
            "const hit = document.elementFromPoint(x, y); return [x, y, !!hit && (e.contains(hit) || hit.contains(e))]; })()")
        if not place:
            raise LookupError(f"there is nothing called '{words}' on {self.path}")
        if not place[2]:
            raise LookupError(f"something covers '{words}' on {self.path}")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def fill(self, label, text):
        """Types into a field in place of what stood there."""
        found = self.js(f"(() => {{ const e = control({json.dumps(label)}); if (!e) return false; e.focus(); e.select?.(); return true; }})()")
        if not found:
            raise LookupError(f"there is no field called '{label}' on {self.path}")
        if text:
            self.call("Input.insertText", text=text)
        else:
            self.key("Backspace", 8)

    def choose(self, label, value):
        """Sets what has no text to type: lists and times."""
        done = self.js(
            f"(() => {{ const e = control({json.dumps(label)}); if (!e) return null; e.focus(); e.value = {json.dumps(value)};"
            "e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value; })()")
        if done != value:
            raise LookupError(f"'{label}' on {self.path} does not take {value}: {done}")

    def key(self, name, code):
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", key=name, code=name, windowsVirtualKeyCode=code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)
