import Core

extension StaffPreferencesForm {
    /// The whole form. `preferences.js` checks it while it is filled in; without the script it is checked when it is sent.
    func html(action: String, csrf: HTML, topics: [Topic], zones: [String], canWrite: Bool) -> HTML {
        let disabled: HTML = canWrite ? "" : " disabled"
        return """
            \(summary)
            <form method="post" action="\(action)" class="preferences" data-check="preferences" novalidate>\(csrf)
            <fieldset\(disabled)><legend>Channels</legend>
            <p class="hint" id="channels-hint">The first choice is taken; the next one only where it does not work.</p>
            \(.joined(Self.channelFields.enumerated().map { choice($1, at: $0) }))
            \(problem("channel_1"))
            </fieldset>
            <fieldset\(disabled)><legend>Opted out</legend>
            <p class="hint">Nothing at all goes there, also not what the client asked for.</p>
            \(.joined(Channel.allCases.map { box("opt_out_\($0.rawValue)", "No \($0.title)", optOuts.contains($0)) }))
            </fieldset>
            <fieldset\(disabled)><legend>News and offers</legend>
            \(.joined(Channel.allCases.map { box("no_marketing_\($0.rawValue)", "No marketing by \($0.title)", marketingRefused.contains($0)) }))
            </fieldset>
            \(topicBoxes(topics, disabled))
            <fieldset\(disabled)><legend>Time</legend>
            <label for="timezone">Time zone</label>
            <input id="timezone" name="timezone" list="zones" value="\(timezone)" autocomplete="off" maxlength="64" required\(marks("timezone"))>
            <datalist id="zones">\(.joined(zones.map { "<option value=\"\($0)\"></option>" }))</datalist>
            \(problem("timezone"))
            <div class="pair">
            <div><label for="quiet_hours_start">Quiet from</label>
            <input id="quiet_hours_start" name="quiet_hours_start" type="time" value="\(quietHoursStart)" required\(marks("quiet_hours_start"))>
            \(problem("quiet_hours_start"))</div>
            <div><label for="quiet_hours_end">until</label>
            <input id="quiet_hours_end" name="quiet_hours_end" type="time" value="\(quietHoursEnd)" required\(marks("quiet_hours_end"))>
            \(problem("quiet_hours_end"))</div>
            </div>
            <p class="hint">The same time twice means that there are no quiet hours.</p>
            </fieldset>
            <fieldset\(disabled)><legend>Language</legend>
            <label for="language_preference">Language tag</label>
            <input id="language_preference" name="language_preference" value="\(language)" maxlength="35" required\(marks("language_preference"))>
            \(problem("language_preference"))
            </fieldset>
            \(canWrite ? "<button type=\"submit\">Save</button>" : "<p class=\"hint\">You may look at preferences, not change them.</p>")
            </form>
            """
    }

    private var summary: HTML {
        guard !errors.isEmpty else { return "" }
        let items = errors.sorted { $0.key < $1.key }.map { field, message -> HTML in "<li><a href=\"#\(field)\">\(message)</a></li>" }
        return """
            <div class="error-summary" role="alert" tabindex="-1" autofocus><p>Nothing was saved. Please check:</p>
            <ul>\(.joined(items))</ul></div>
            """
    }

    private func choice(_ name: String, at index: Int) -> HTML {
        let chosen = index < channels.count ? channels[index] : ""
        let options = [("", "None")] + Channel.allCases.map { ($0.rawValue, $0.title) }
        let words = ["First choice", "Second choice", "Third choice"]
        return """
            <label for="\(name)">\(index < words.count ? words[index] : name)</label>
            <select id="\(name)" name="\(name)"\(index == 0 ? marks(name, hint: "channels-hint") : " aria-describedby=\"channels-hint\"")>
            \(.joined(options.map { "<option value=\"\($0.0)\"\($0.0 == chosen ? " selected" : "")>\($0.1)</option>" }))
            </select>
            """
    }

    private func topicBoxes(_ topics: [Topic], _ disabled: HTML) -> HTML {
        guard !topics.isEmpty else { return "" }
        let boxes = topics.map { topic in
            box("topic_\(topic.name)", topic.title(in: "en", fallback: "en"), !topicsRefused.contains(topic.name))
        }
        return """
            <fieldset\(disabled)><legend>Topics</legend><p class="hint">The client receives what is ticked.</p>
            <input type="hidden" name="shown_topics" value="\(topics.map(\.name).joined(separator: ","))">\(.joined(boxes))</fieldset>
            """
    }

    private func box(_ name: String, _ label: String, _ isTicked: Bool) -> HTML {
        """
        <label class="box" for="\(name)"><input id="\(name)" name="\(name)" type="checkbox" value="on"\(isTicked ? " checked" : "")>
        <span>\(label)</span></label>
        """
    }

    /// Ties a field to what is said about it.
    private func marks(_ field: String, hint: String? = nil) -> HTML {
        let isWrong = errors[field] != nil
        let ids = [hint, isWrong ? "\(field)-error" : nil].compactMap(\.self)
        let described: HTML = ids.isEmpty ? "" : " aria-describedby=\"\(ids.joined(separator: " "))\""
        return "\(isWrong ? " aria-invalid=\"true\"" : "")\(described)"
    }

    /// Always there, so that the script has a place for what it finds.
    private func problem(_ field: String) -> HTML {
        "<p class=\"error\" id=\"\(field)-error\"\(errors[field] == nil ? " hidden" : "")>\(errors[field] ?? "")</p>"
    }
}
