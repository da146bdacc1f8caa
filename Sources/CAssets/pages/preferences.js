// Says at once what the server would say: that a channel was chosen twice. The page works without it.
const form = document.querySelector("form[data-twice]");
const selects = [...document.querySelectorAll("#first, #second, #third")];

function check() {
    const seen = new Set();
    for (const select of selects) {
        const isTwice = select.value !== "" && seen.has(select.value);
        seen.add(select.value);
        show(select, isTwice ? form.dataset.twice : "");
    }
}

function show(select, message) {
    const id = `${select.id}-error`;
    let note = document.getElementById(id);
    select.setCustomValidity(message);
    if (!message) {
        note?.remove();
        select.removeAttribute("aria-invalid");
        select.removeAttribute("aria-describedby");
        return;
    }
    if (!note) {
        note = document.createElement("p");
        note.id = id;
        note.className = "error";
        note.setAttribute("role", "alert");
        select.before(note);
    }
    note.textContent = message;
    select.setAttribute("aria-invalid", "true");
    select.setAttribute("aria-describedby", id);
}

form?.addEventListener("change", (event) => {
    if (selects.includes(event.target)) check();
});
