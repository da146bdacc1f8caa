"""What holds on every page, whatever it is about. Each function returns the sentences of what is wrong."""

LAYOUT = r"""
(() => {
    const wrong = [];
    const root = document.documentElement;
    const words = e => clean(e.innerText || e.value || e.id).slice(0, 50);
    const read = document.title + ' ' + [...document.querySelectorAll('body, [aria-label], [title], input[value]')].map(e =>
        [e.tagName === 'BODY' ? [...e.querySelectorAll('pre')].reduce((text, p) => text.replace(p.innerText, ''), e.innerText) : '',
         e.getAttribute('aria-label'), e.getAttribute('title'), e.type === 'hidden' ? '' : e.value].join(' ')).join(' ');
    for (const found of read.match(/<\/?[a-z][^>]*>/gi) || []) wrong.push(`markup stands there as text: ${found.slice(0, 60)}`);
    for (const found of read.match(/&(amp|lt|gt|quot|#\d+);/g) || []) wrong.push(`an escape stands there as text: ${found}`);
    for (const found of read.match(/\b(nil|undefined|NaN|Optional\(.*?\))(?![\w-])/g) || []) wrong.push(`a program's word stands there: ${found}`);
    if (document.querySelectorAll('h1').length !== 1) wrong.push(`${document.querySelectorAll('h1').length} headings of the first level`);
    if (!root.lang) wrong.push('no language is stated');
    if (!document.title) wrong.push('no title');
    const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
    for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) wrong.push(`two elements are called #${id}`);
    for (const e of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
        for (const id of `${e.getAttribute('aria-describedby') || ''} ${e.getAttribute('aria-labelledby') || ''}`.split(' ').filter(Boolean))
            if (!ids.includes(id)) wrong.push(`#${e.id} speaks of #${id}, which is not there`);
    if (root.scrollWidth > root.clientWidth) {
        const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 || e.getBoundingClientRect().left < -1);
        wrong.push(`scrolls sideways (${root.scrollWidth} of ${root.clientWidth}) because of ${wide.slice(-1).map(e => e.tagName + '.' + e.className)}`);
    }
    for (const cell of document.querySelectorAll('td')) {
        const lines = cell.clientHeight && (() => { const r = document.createRange(); r.selectNodeContents(cell); return r.getBoundingClientRect().height; })() / 24;
        if (lines > 6 && cell.clientWidth < 150) wrong.push(`a table cell is squeezed to ${cell.clientWidth} px: ${words(cell)}`);
    }
    return wrong;
})()
"""

# WCAG 2.2, 1.4.3; everything counts as small text.
CONTRAST = r"""
(() => {
    const part = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const parse = text => { const n = text.match(/^rgba?\((.*)\)$/)?.[1].split(/[,\s\/]+/).map(Number); return n && {r: n[0], g: n[1], b: n[2], a: n[3] ?? 1}; };
    const light = c => .2126 * part(c.r) + .7152 * part(c.g) + .0722 * part(c.b);
    const over = (c, b) => ({r: c.r * c.a + b.r * (1 - c.a), g: c.g * c.a + b.g * (1 - c.a), b: c.b * c.a + b.b * (1 - c.a), a: 1});
    const behind = e => {
        for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c && c.a === 1) return c; }
        return {r: 255, g: 255, b: 255, a: 1};
    };
    const wrong = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set([...document.querySelectorAll('input:not([type=hidden]):not([type=checkbox]), select')]);
    while (walker.nextNode()) if (clean(walker.currentNode.data)) seen.add(walker.currentNode.parentElement);
    for (const e of seen) {
        if (!shown(e) || e.closest('option, datalist, script, .away, .skip, :disabled, fieldset:disabled')) continue;
        const back = behind(e), ink = parse(getComputedStyle(e).color);
        if (!ink) continue;
        const [a, b] = [light(over(ink, back)), light(back)].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) wrong.add(`${ratio.toFixed(2)}:1 is too faint: ${clean(e.innerText || e.value).slice(0, 40)}`);
    }
    return [...wrong];
})()
"""

# All that a keyboard must reach, kept so that the walk can say where it is.
STOPS = r"""
(() => {
    window.pageStops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex="-1"])')]
        .filter(e => shown(e) && !e.matches(':disabled'));
    document.activeElement?.blur();
    return window.pageStops.length;
})()
"""

STOP = r"""
(() => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    const isMarked = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none' || e.tagName === 'IFRAME';
    const isInView = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return {index: window.pageStops.indexOf(e), isFrame: e.tagName === 'IFRAME', isMarked, isInView,
            words: `${e.tagName} ${clean(e.innerText || e.getAttribute('aria-label') || e.id || e.name).slice(0, 40)}`};
})()
"""

NAMED_ROLES = {"textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "button", "link", "InputTime", "Date", "spinbutton",
               "image", "Iframe"}


def names(visitor):
    """Everything that can be worked has a name that a screen reader says."""
    wrong = []
    for node in visitor.call("Accessibility.getFullAXTree")["nodes"]:
        if node.get("ignored") or node.get("role", {}).get("value") not in NAMED_ROLES or node.get("name", {}).get("value", "").strip():
            continue
        described = visitor.call("DOM.describeNode", backendNodeId=node["backendDOMNodeId"])["node"]
        wrong.append(f"a {node['role']['value']} has no name: {described.get('localName')} {described.get('attributes')}")
    return wrong


def keyboard(visitor):
    """Tab reaches everything that can be worked, and one sees where it is."""
    count = visitor.js(STOPS)
    reached, wrong = set(), []
    for _ in range(3 * count + 10):
        if len(reached) == count:
            break
        visitor.send("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        visitor.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        stop = visitor.js(STOP)
        # What is inside a frame is another document.
        if stop is None or stop["isFrame"]:
            continue
        if not stop["isMarked"]:
            wrong.append(f"the focus does not show on {stop['words']}")
        if not stop["isInView"]:
            wrong.append(f"the focus is out of sight on {stop['words']}")
        # Parts that scroll are stops as well, though nothing is worked there.
        if stop["index"] >= 0:
            reached.add(stop["index"])
    for missed in sorted(set(range(count)) - reached):
        wrong.append("Tab does not reach " + visitor.js(f"(e => `${{e.tagName}} ${{clean(e.innerText || e.id).slice(0, 40)}}`)(window.pageStops[{missed}])"))
    return sorted(set(wrong))


def inspect(visitor):
    """All of it, on a desk and on a phone, in light and in dark. The page stays as it was, but for the focus."""
    found = []
    for width in (1200, 360):
        visitor.size(width)
        found += [f"at {width} px: {fault}" for fault in visitor.js(LAYOUT)]
    visitor.size(1200)
    for scheme in ("dark", "light"):
        visitor.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        found += [f"in {scheme}: {fault}" for fault in visitor.js(CONTRAST)]
    found += names(visitor) + keyboard(visitor)
    found += [f"the browser complains: {text}" for text in visitor.complaints]
    visitor.complaints.clear()
    return found
