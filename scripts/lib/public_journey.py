"""Clients, who come by a link in a message: in their language, with and without scripts."""
import os, time

# The demo's clients, one for each language.
CLIENTS = {"en": "okafor", "de": "brandt", "fr": "moreau", "es": "ruiz", "hi": "sharma", "ar": "haddad"}
TRANSLATIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/CAssets/translations")


def phrases(language):
    """The texts as translators wrote them."""
    with open(f"{TRANSLATIONS}/{language}.txt", encoding="utf-8") as file:
        return dict(line.strip().split(" = ", 1) for line in file if " = " in line and not line.startswith("#"))


class PublicJourney:
    def __init__(self, server, visitor, report):
        self.server, self.visitor, self.check, self.look = server, visitor, report.check, report.look

    def walk(self):
        self.server.call("PUT", "/api/crm/topics", {"topics": [
            {"name": "venues", "title": {"en": "New venues", "de": "Neue Orte"}, "description": {"en": "Once a month, with pictures"}},
            {"name": "tips", "title": {"en": "Planning tips"}}]})
        for language, client in CLIENTS.items():
            links = self.links(client, language)
            self.preference_centre(language, client, links)
        self.old_link()
        self.altered_link()
        self.unsubscribe()
        self.confirm()

    def links(self, client, language):
        """Those to the preference centre: the ones that open it, and the ones that are too old."""
        answers = {link: self.server.call("GET", link)[0] for link in self.server.links(client, "p")}
        return [link for link, status in answers.items() if status == 200], [link for link, status in answers.items() if status == 410]

    def preferences(self, client):
        return self.server.call("GET", f"/api/crm/preferences/{client}")[1]

    def preference_centre(self, language, client, links):
        v, t, say = self.visitor, phrases(language), lambda sentence: f"{language}: {sentence}"
        if not links[0]:
            self.check(say("a message holds a link to the preference centre"), False)
            return
        v.forget()
        v.go(links[0][0])
        self.check(say("the page speaks the client's language"), v.js("document.documentElement.lang") == language and v.part("h1") == t["preferences_title"], v.part("h1"))
        self.check(say("it runs in the direction of its script"), v.js("document.dir") == ("rtl" if language == "ar" else "ltr") and
                   v.js("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr"))
        self.look(f"preferences {language}")
        self.twice(t, say)
        self.fill(t)
        v.press(t["save"])
        self.saved(client, t, say, "Asia/Tokyo", "21:30", "07:15")
        self.look(f"preferences saved {language}")
        self.without_script(links[0][0], client, t, say)

    def twice(self, t, say):
        v = self.visitor
        if v.js("document.querySelectorAll('#first option').length") < 2:
            return
        first = v.value(t["first_choice"])
        v.choose(t["second_choice"], first)
        self.check(say("a way chosen twice is named at once"), v.part("#second-error") == t["error_channel_twice"], v.part("#second-error"))
        v.choose(t["second_choice"], "")
        self.check(say("the words go once it is right"), v.part("#second-error") == "")

    def fill(self, t):
        v = self.visitor
        v.choose(t["timezone"], "Asia/Tokyo")
        v.choose(t["quiet_start"], "21:30")
        v.choose(t["quiet_end"], "07:15")
        v.click_at("document.querySelector('[name=topic_tips]')", "the second topic")

    def saved(self, client, t, say, zone, start, end):
        v = self.visitor
        self.check(say("a confirmation is shown"), t["saved"] in v.part("[role=status]"), v.part("[role=status]") or v.text[:200])
        self.check(say("what holds now names the new hours"), end in v.part(".now") and start in v.part(".now"), v.part(".now"))
        now = self.preferences(client)
        self.check(
            say("the server keeps what was chosen"),
            (now["timezone"], now["quiet_hours_start"], now["quiet_hours_end"]) == (zone, start, end) and now["topics_refused"] == ["tips"], now)

    def without_script(self, link, client, t, say):
        v = self.visitor
        v.scripts(False)
        v.go(link)
        if v.js("document.querySelectorAll('#first option').length") > 1:
            v.choose(t["second_choice"], v.value(t["first_choice"]))
            v.press(t["save"])
            self.check(say("without scripts the server says what is wrong"), v.status == 422 and t["error_channel_twice"] in v.part("#errors"), v.text[:200])
            self.check(say("the summary's link leads to the field"), v.js("document.querySelector('#errors a').getAttribute('href')") == "#second")
            self.look(f"preferences error {say('')[:2]}")
            v.choose(t["second_choice"], "")
        v.choose(t["quiet_end"], "08:45")
        v.press(t["save"])
        self.saved(client, t, say, "Asia/Tokyo", "21:30", "08:45")
        v.scripts(True)

    def old_link(self):
        v = self.visitor
        for language, client in CLIENTS.items():
            old = self.links(client, language)[1]
            if old:
                break
        else:
            self.check("a message of the demo holds a link that has expired", False)
            return
        t = phrases(language)
        v.go(old[0])
        self.check("an expired link is a page that says so", v.status == 410 and v.part("h1") == t["expired_title"], v.text[:200])
        self.look("expired")
        v.press(t["renew_button"])
        self.check("a fresh link can be had by mail", v.part("h1") == t["renewed_title"], v.text[:200])
        self.look("renewed")

    def altered_link(self):
        v = self.visitor
        link = self.links("okafor", "en")[0][0]
        v.go(link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB"))
        self.check("an altered link is a friendly page", v.status == 404 and v.part("h1") == phrases("en")["unknown_title"], v.text[:200])
        self.look("altered")

    def message(self, client, purpose, send):
        """The link in a message that was sent just now."""
        # Whoever has no quiet hours gets it at once.
        self.server.call("POST", "/api/crm/preferences", {"client_id": client, "quiet_hours_start": "00:00", "quiet_hours_end": "00:00"})
        status, answer = send()
        self.check(f"{client}: the server takes a message", status < 300, answer)
        deadline = time.monotonic() + self.visitor.patience
        while time.monotonic() < deadline:
            links = self.server.links(client, purpose)
            if links:
                return links[-1]
            time.sleep(0.05)
        raise TimeoutError(f"{client} got no message with a link /{purpose}/")

    def unsubscribe(self):
        v, t, client = self.visitor, phrases("en"), "tanaka"
        self.server.call("PUT", "/api/crm/message-types/journey_news", {"category": "marketing", "urgency": "critical", "channels": ["email"]})
        self.server.call("PUT", "/api/crm/templates/email/journey_news", {
            "subject_template": "News", "content_template": "<p>News</p><a href=\"{{unsubscribe_url}}\">Out</a>", "text_template": "{{unsubscribe_url}}"})
        v.go(self.message(client, "u", lambda: self.server.call(
            "POST", "/api/crm/communications", {"client_id": client, "message_type": "journey_news"})))
        before = self.preferences(client)
        self.check("unsubscribing asks first", v.part("h1") == t["unsubscribe_title"] and v.has(t["unsubscribe_button"]), v.text[:200])
        self.look("unsubscribe")
        self.check("looking at the page changed nothing", self.preferences(client) == before and before["marketing_consent"]["email"] != "refused", before)
        v.scripts(False)
        v.press(t["unsubscribe_button"])
        self.check("the button unsubscribes", v.part("h1") == t["unsubscribed_title"], v.text[:200])
        now = self.preferences(client)
        self.check("and it holds, for news and nothing else", now["marketing_consent"]["email"] == "refused" and not now["opt_out_email"], now)
        v.scripts(True)
        self.look("unsubscribed")
        v.press(t["stop_all_button"].replace("{way}", t["by_email"]))
        self.check("everything can be stopped as well", v.part("h1") == t["stopped_title"] and self.preferences(client)["opt_out_email"], v.text[:200])
        self.look("stopped")
        v.press(t["to_preferences"])
        self.check("from there a link leads to the preference centre", v.part("h1") == t["preferences_title"], v.text[:200])

    def confirm(self):
        """Double opt-in. It comes last: the business's rule is everybody's."""
        v, t, client = self.visitor, phrases("en"), "miller"
        self.server.call("PUT", "/api/crm/business", {"marketing_consent": "double_opt_in"})
        v.go(self.message(client, "d", lambda: self.server.call("POST", "/api/crm/consent", {
            "client_id": client, "purpose": "marketing", "channel": "email", "decision": "granted", "wording": "Send me news.",
            "wording_version": "1"})))
        self.check("confirming asks first", v.part("h1") == t["confirm_title"] and v.has(t["confirm_button"]), v.text[:200])
        self.look("confirm")
        self.check("looking at the page confirmed nothing", "email" not in self.preferences(client)["marketing_channels"], self.preferences(client))
        v.press(t["confirm_button"])
        self.check("the button confirms", v.part("h1") == t["confirmed_title"], v.text[:200])
        self.check("and it holds", "email" in self.preferences(client)["marketing_channels"], self.preferences(client))
        self.look("confirmed")
