"""Those who look after clients: finding somebody, seeing what holds for them, changing it."""
from demo_server import PASSWORD

# Somebody whom the public journey leaves alone.
CLIENT, NAME = "garcia", "Mateo García"


class StaffJourney:
    def __init__(self, server, visitor, report):
        self.server, self.visitor, self.check, self.look = server, visitor, report.check, report.look

    def walk(self):
        self.open_pages()
        self.sign_in()
        self.find_client()
        self.change_with_script()
        self.change_without_script()
        self.sandbox()
        self.view_only()

    def preferences(self):
        return self.server.call("GET", f"/api/crm/preferences/{CLIENT}")[1]

    def open_pages(self):
        self.visitor.go("/")
        self.look("landing")
        self.visitor.go("/no-such-page")
        self.check("an address that leads nowhere is a page with 404", self.visitor.status == 404, self.visitor.status)

    def sign_in(self, email="ada@example.org"):
        v = self.visitor
        v.go("/clients")
        self.check("whoever is not signed in is asked to sign in", v.path == "/sign-in", v.path)
        if email == "ada@example.org":
            self.look("sign in")
            v.fill("E-mail", email)
            v.fill("Password", "wrong " + PASSWORD)
            self.submit()
            self.check("a wrong password is refused in words", v.status == 401 and "did not work" in v.part("[role=alert]"), v.text)
            self.check("the address typed before still stands there", v.value("E-mail") == email, v.value("E-mail"))
            self.look("sign in refused")
        v.fill("E-mail", email)
        v.fill("Password", PASSWORD)
        self.submit()
        self.check("signing in leads back to the page that was asked for", v.path == "/clients", v.path)

    def submit(self):
        """The link in the header is called "Sign in" as well."""
        self.visitor.follow(lambda: self.visitor.click_at("document.querySelector('main form button')", "the form's button"))

    def find_client(self):
        v = self.visitor
        self.check("the list shows the clients", v.sees(NAME) and v.sees("Claire Moreau"), v.text)
        self.look("clients")
        v.fill("Name, id, e-mail address or phone number", "nobody-like-this")
        v.press("Search")
        self.check("a search that finds nobody says so", v.sees("Nobody fits."), v.text)
        self.look("clients none")
        v.fill("Name, id, e-mail address or phone number", CLIENT)
        v.press("Search")
        self.check("a search shows whom it finds and nobody else", v.sees(NAME) and not v.sees("Claire Moreau"), v.text)
        v.follow(lambda: v.click_at("[...document.querySelectorAll('main a')].find(a => a.innerText.includes('" + NAME + "'))", NAME))
        self.check("a client's page bears their name", v.part("h1") == NAME, v.part("h1"))
        self.check("the form can be sent", v.has("Save"), v.part("form.preferences"))
        self.look("client")

    def change_with_script(self):
        v = self.visitor
        before = self.preferences()
        v.fill("Time zone", "Mars/Olympus")
        v.posts.clear()
        loads = v.loads
        v.click("Save")
        self.check("a nonsense time zone is named beside its field", v.until("shown(document.getElementById('timezone-error'))"), v.text)
        self.check("the words say what is wrong", "no such time zone" in v.part("#timezone-error"), v.part("#timezone-error"))
        self.check("nothing was sent", not v.posts and v.loads == loads, v.posts)
        self.check("the focus stands in the field", v.js("document.activeElement.id") == "timezone", v.js("document.activeElement.id"))
        self.check("the field is marked as wrong for screen readers", v.js("document.activeElement.getAttribute('aria-invalid')") == "true")
        self.look("client script error")
        v.fill("Time zone", "Asia/Tokyo")
        self.check("the words go once the field is right", v.until("!shown(document.getElementById('timezone-error'))"))
        v.choose("First choice", "sms")
        v.choose("Second choice", "sms")
        self.check("a channel chosen twice is named at once", "once" in v.part("#channel_1-error"), v.part("#channel_1-error"))
        v.choose("Second choice", "email")
        v.choose("Third choice", "")
        v.tick("No marketing by SMS")
        v.choose("Quiet from", "21:15")
        v.choose("until", "07:45")
        v.press("Save")
        self.check("the page says that it was saved", v.part("[role=status]") == "Saved.", v.part("[role=status]"))
        effective = v.part(".effective")
        self.check(
            "what holds now has changed", all(word in effective for word in ("by SMS then by e-mail", "07:45", "21:15", "Tokyo time")), effective)
        history = v.js("[...document.querySelector('.table tbody').rows].map(r => clean(r.innerText))")
        self.check(
            "the history shows who changed what", any("ada@example.org" in row and "Tokyo" in row for row in history)
            and any("ada@example.org" in row and "withdrawn" in row and "SMS" in row for row in history), history)
        after = self.preferences()
        self.check(
            "the server keeps what was chosen",
            after["timezone"] == "Asia/Tokyo" and after["preferred_channels"] == ["sms", "email"] and after["quiet_hours_start"] == "21:15"
            and after["marketing_consent"]["sms"] == "refused", after)
        self.check("the server keeps what was not touched", after["language_preference"] == before["language_preference"], after)
        self.look("client saved")

    def change_without_script(self):
        v = self.visitor
        v.scripts(False)
        v.go(f"/clients/{CLIENT}")
        v.fill("Time zone", "Mars/Olympus")
        v.choose("Second choice", "sms")
        v.press("Save")
        self.check("without scripts the server refuses", v.status == 422, v.status)
        summary = v.part(".error-summary")
        self.check("a summary names everything that is wrong", "no such time zone" in summary and "chosen once" in summary, summary)
        self.check("what was typed still stands in the field", v.value("Time zone") == "Mars/Olympus", v.value("Time zone"))
        self.check("the summary has the focus", v.js("document.activeElement.matches('.error-summary')"), v.js("document.activeElement.outerHTML.slice(0, 80)"))
        self.check("the server has changed nothing", self.preferences()["timezone"] == "Asia/Tokyo", self.preferences())
        self.look("client server error")
        v.click("There is no such time zone. Names look like Europe/Berlin.")
        self.check("its link leads to the field", v.until("document.querySelector(':target')?.id === 'timezone'"), v.js("location.hash"))
        v.fill("Time zone", "Europe/Lisbon")
        v.choose("Second choice", "whatsapp")
        v.press("Save")
        self.check("the corrected form is saved without scripts", v.part("[role=status]") == "Saved.", v.text[:200])
        self.check("and holds", self.preferences()["timezone"] == "Europe/Lisbon", self.preferences())
        v.scripts(True)

    def sandbox(self):
        v = self.visitor
        v.go("/sandbox")
        self.look("sandbox")
        v.follow(lambda: v.click_at("[...document.querySelectorAll('.messages a')].find(a => a.innerText.includes('E-mail'))", "an e-mail"))
        self.check("a kept e-mail is shown with its text", v.part("pre.text") != "", v.text[:200])
        self.look("sandbox message")
        v.go("/sandbox?channel=sms")
        self.check("the list can be narrowed to a channel", "SMS" in v.part(".messages") and "E-mail" not in v.part(".messages .badge"))
        v.go("/sandbox?channel=pigeon")
        self.check("a filter that there is not is refused on a page", v.status == 422 and v.part("h1") != "", v.status)
        self.look("refused address")

    def view_only(self):
        v = self.visitor
        v.press("Sign out")
        self.sign_in("vera@example.org")
        v.go(f"/clients/{CLIENT}")
        self.check("a viewer sees the record", v.part("h1") == NAME and "Lisbon" in v.part(".effective"), v.text[:200])
        self.check("a viewer has no button to save", not v.has("Save"))
        self.check("a viewer's fields are shut", v.js("[...document.querySelectorAll('form.preferences select, form.preferences input:not([type=hidden])')].every(e => e.matches(':disabled'))"))
        self.look("client viewer")
        v.go("/audit")
        self.check("a viewer may not read the audit log, and a page says so", v.status == 403 and v.sees("You may not do that"), v.text[:200])
        self.look("forbidden")
