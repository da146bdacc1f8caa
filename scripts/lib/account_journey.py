"""Those who sign in: invited, with a second step, locked out, and what the log says of it."""
import base64, hashlib, hmac, re, struct, time

from demo_server import PASSWORD


def one_time_code(secret, step):
    """RFC 6238."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[19] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class AccountJourney:
    email, chosen = "nora@example.org", "four slow violet trams"

    def __init__(self, server, visitor, report):
        self.server, self.visitor, self.check, self.look = server, visitor, report.check, report.look

    def walk(self):
        self.sign_in("ada@example.org", PASSWORD)
        link = self.invite()
        self.visitor.press("Sign out")
        self.accept(link)
        codes = self.second_step()
        self.sign_in_with_code(codes)
        self.reset()
        self.audit()
        self.switch()

    def submit(self):
        self.visitor.follow(lambda: self.visitor.click_at("document.querySelector('main form button')", "the form's button"))

    def sign_in(self, email, password):
        v = self.visitor
        v.go("/sign-in")
        v.fill("E-mail", email)
        v.fill("Password", password)
        self.submit()

    def invite(self):
        v = self.visitor
        v.go("/users")
        self.check("an admin sees who belongs to the business", v.sees("Vera Viewer") and v.sees("Ada Admin"), v.text)
        self.look("users")
        v.click("Change Rosa")
        self.check("what can be done with somebody unfolds", v.has("Set role") and v.has("Remove from this business"), v.text)
        self.look("users unfolded")
        v.fill("E-mail", self.email)
        v.choose("Role", "agent")
        v.press("Invite")
        link = v.part("code.secret")
        self.check("without mail the link of the invitation is shown", "/invitation/" in link, v.text)
        self.look("users invited")
        return link

    def accept(self, link):
        v = self.visitor
        v.go(link)
        self.check("the link says who invites to what", "invites you" in v.part("h1") and v.sees("As agent"), v.text)
        self.look("invitation")
        v.fill("Your name", "Nora New")
        v.fill("New password", self.chosen)
        v.fill("The same once more", "another one entirely")
        self.submit()
        self.check("two different passwords are refused in words", "two ways" in v.part("[role=alert]"), v.text)
        self.check("the name typed before still stands there", v.value("Your name") == "Nora New", v.value("Your name"))
        self.look("invitation refused")
        v.fill("New password", self.chosen)
        v.fill("The same once more", self.chosen)
        self.submit()
        self.check("accepting signs in", v.path == "/sandbox" and v.has("Sign out"), v.path)
        v.go(link)
        self.check("an invitation works once", v.status == 404 and v.sees("does not work any more"), v.text)
        self.look("invitation used")

    def second_step(self):
        v = self.visitor
        v.go("/account")
        self.look("account")
        v.fill("Your password", "not this one")
        v.press("Set it up")
        self.check("the password is asked for once more", "wrong" in v.part("[role=alert]"), v.text)
        v.fill("Your password", self.chosen)
        v.press("Set it up")
        self.check("a QR code is shown", v.js("shown(document.querySelector('svg.qr'))"), v.text)
        self.look("second step")
        v.click("Type the key instead")
        self.secret = v.part("code.secret").replace(" ", "")
        self.check("the key can be read as well", re.fullmatch("[A-Z2-7]{32}", self.secret), self.secret)
        v.fill("Type the six digits that the app shows", "000000")
        v.press("Switch it on")
        self.check("a wrong code is refused in words", "not the right one" in v.part("[role=alert]"), v.text)
        self.used = int(time.time()) // 30
        v.fill("Type the six digits that the app shows", one_time_code(self.secret, self.used))
        v.press("Switch it on")
        codes = v.js("[...document.querySelectorAll('.codes code')].map(e => e.innerText)")
        self.check("recovery codes are shown", len(codes) == 10, codes)
        self.look("recovery codes")
        v.press("I have kept them")
        self.check("the account says that the second step is on", v.sees("10 of 10 recovery codes are left"), v.text)
        self.look("account with second step")
        return codes

    def sign_in_with_code(self, codes):
        v = self.visitor
        v.press("Sign out")
        self.check("signing out leads to the form", v.path == "/sign-in", v.path)
        v.go("/account")
        self.check("whoever signed out is out", v.path == "/sign-in", v.path)
        self.sign_in(self.email, self.chosen)
        self.check("the code is asked for", v.part("h1") == "One more step", v.text)
        self.look("code")
        v.fill("Code", "000000")
        self.submit()
        self.check("a wrong code is refused", "did not work" in v.part("[role=alert]"), v.text)
        self.look("code refused")
        v.fill("Code", one_time_code(self.secret, max(self.used + 1, int(time.time()) // 30)))
        self.submit()
        self.check("the next code signs in", v.path == "/sandbox" and v.has("Sign out"), v.text)
        v.press("Sign out")
        self.sign_in(self.email, self.chosen)
        v.fill("Code", codes[0])
        self.submit()
        self.check("so does a recovery code", v.path == "/sandbox" and v.has("Sign out"), v.text)
        v.go("/account")
        self.check("which is used up then", v.sees("9 of 10 recovery codes are left"), v.text)
        v.press("Sign out")

    def reset(self):
        v = self.visitor
        v.go("/sign-in")
        v.press("Forgotten your password?")
        self.look("reset")
        v.fill("E-mail", "nobody@example.org")
        v.press("Send the link")
        self.check("nobody learns whether there is such an account", "If there is an account" in v.part("[role=status]"), v.text)
        v.go(self.server.reset_link)
        self.look("reset password")
        v.fill("New password", "short")
        v.fill("The same once more", "short")
        v.js("document.querySelectorAll('input').forEach(e => e.removeAttribute('minlength'))")
        v.press("Set the password")
        self.check("a short password is refused in words", v.status == 422 and v.part("[role=alert]") != "", v.text)
        v.fill("New password", self.chosen)
        v.fill("The same once more", self.chosen)
        v.press("Set the password")
        self.check("the password is changed", v.part("h1") == "Your password was changed", v.text)
        self.look("reset done")
        v.go(self.server.reset_link)
        self.check("a link works once", v.status == 404 and v.sees("does not work any more"), v.text)
        self.sign_in("rosa@example.org", self.chosen)
        self.check("the new password signs in", v.has("Sign out"), v.text)
        v.press("Sign out")

    def audit(self):
        v = self.visitor
        self.sign_in("ada@example.org", PASSWORD)
        v.go("/audit")
        self.check("the log tells who did what, newest first", "session.begin" in v.part("tbody tr:first-child"), v.part("tbody tr:first-child"))
        self.look("audit")
        v.fill("Action, e.g. client.put", "user.two_factor_enable")
        v.press("Filter")
        actions = v.js("[...document.querySelectorAll('tbody tr')].map(r => r.cells[2].innerText)")
        self.check("the log can be narrowed to an action", actions == ["user.two_factor_enable"], actions)
        v.fill("Action, e.g. client.put", "nothing.like_this")
        v.press("Filter")
        self.check("a filter that nothing fits says so", v.sees("No entry fits."), v.text)
        self.look("audit none")

    def switch(self):
        v = self.visitor
        v.js("(e => { e.selectedIndex = [...e.options].findIndex(o => o.text.startsWith('Harbour')); })(control('Business'))")
        v.press("Switch")
        v.go("/clients")
        self.check("who belongs to two businesses can go to the other", v.js("control('Business').selectedOptions[0].text") == "Harbour Catering and Sons")
        self.check("and sees nothing of the first one there", v.sees("Nobody here yet.") and not v.sees("Ada Okafor"), v.text)
        self.look("clients empty")
        v.go("/clients/okafor")
        self.check("not by an address either", v.status == 404 and not v.sees("Okafor"), v.text)
