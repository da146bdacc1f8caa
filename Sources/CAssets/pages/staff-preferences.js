// Checks the preferences form while it is filled in and says at once what the choices come to. The server checks all of it again.
const form = document.querySelector('form[data-check="preferences"]');

if (form) {
    const field = name => form.elements.namedItem(name);
    const isZone = name => {
        try {
            return name.includes("/") || name === "UTC" ? Boolean(new Intl.DateTimeFormat("en", { timeZone: name })) : false;
        } catch {
            return false;
        }
    };
    const channels = ["channel_1", "channel_2", "channel_3"];
    const languageTag = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

    const rules = {
        channel_1() {
            const chosen = channels.map(name => field(name).value).filter(Boolean);
            if (chosen.length === 0) return "Choose at least one channel.";
            return new Set(chosen).size < chosen.length ? "Each channel can be chosen once." : "";
        },
        timezone: () => isZone(field("timezone").value) ? "" : "There is no such time zone. Names look like Europe/Berlin.",
        quiet_hours_start: () => field("quiet_hours_start").value ? "" : "Must be a time of day such as 22:00.",
        quiet_hours_end: () => field("quiet_hours_end").value ? "" : "Must be a time of day such as 08:00.",
        language_preference: () => languageTag.test(field("language_preference").value) ? "" : "Must be a language tag such as en or pt-BR.",
    };

    // What else is said of a field stays beside what is wrong with it.
    const hints = name => (field(name).getAttribute("aria-describedby") ?? "").split(" ").filter(id => id && id !== `${name}-error`);

    const check = name => {
        const message = rules[name]();
        const place = document.getElementById(`${name}-error`);
        place.textContent = message;
        place.hidden = !message;
        field(name).setAttribute("aria-invalid", message ? "true" : "false");
        field(name).setAttribute("aria-describedby", [...hints(name), ...(message ? [place.id] : [])].join(" "));
        return !message;
    };

    for (const name of Object.keys(rules)) field(name).addEventListener("change", () => check(name));
    for (const name of channels.slice(1)) field(name).addEventListener("change", () => check("channel_1"));
    field("timezone").addEventListener("input", () => { if (isZone(field("timezone").value)) check("timezone"); });

    form.addEventListener("submit", event => {
        const wrong = Object.keys(rules).filter(name => !check(name));
        if (wrong.length === 0) return;
        event.preventDefault();
        field(wrong[0]).focus();
    });
}
