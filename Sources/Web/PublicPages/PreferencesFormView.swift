import Communications
import Core
import Storage

/// The preference centre's form as HTML.
struct PreferencesFormView {
    let form: PreferencesForm
    let visit: LinkVisit
    /// Addresses by channel, as much of them as the person needs to recognise them.
    let addresses: [Channel: String]

    private var t: Translation { visit.translation }

    var html: HTML {
        """
        <form method="post" action="?" data-twice="\(t.text(.errorChannelTwice))">
        \(channels)
        \(time)
        \(language)
        \(topics)
        \(marketing)
        \(stops)
        <input type="hidden" name="shown_stops" value="\(form.shownStops.names)">
        <input type="hidden" name="shown_marketing" value="\(form.shownMarketing.names)">
        <input type="hidden" name="shown_refusals" value="\(form.shownRefusals.sorted().joined(separator: ","))">
        <input type="hidden" name="complete" value="1">
        <button type="submit">\(t.text(.save))</button>
        </form>
        """
    }

    /// What is wrong, with the way to each field.
    var summary: HTML {
        guard !form.faults.isEmpty else { return "" }
        let items = form.faults.map { fault -> HTML in
            fault.field == "errors"
                ? "<li>\(t.text(fault.phrase))</li>" : "<li><a href=\"#\(fault.field)\">\(t.text(fault.phrase))</a></li>"
        }
        return """
            <div class="errors" id="errors" role="alert" tabindex="-1" autofocus>
            <p><strong>\(t.text(.errorsTitle))</strong></p>
            <ul>\(.joined(items))</ul>
            </div>
            """
    }

    private var channels: HTML {
        let labels: [Phrase] = [.firstChoice, .secondChoice, .thirdChoice]
        let rows = zip(zip(PreferencesForm.choiceFields, labels), form.choices).enumerated().map { index, row -> HTML in
            let ((field, label), chosen) = row
            let none = index == 0 ? [] : [("", t.text(.noChoice))]
            let options = none + form.offered.map { ($0.rawValue, choice($0)) }
            return self.field(field, label, select(field, options, chosen))
        }
        return """
            <fieldset>
            <legend>\(t.text(.channelsTitle))</legend>
            <p class="hint">\(t.text(.channelsHint))</p>
            \(.joined(rows))
            </fieldset>
            """
    }

    /// The channel's name with the address; isolated, as its direction may differ from the text's.
    private func choice(_ channel: Channel) -> String {
        let name = t.text(.name(of: channel))
        return addresses[channel].map { "\(name) (\u{2068}\($0)\u{2069})" } ?? name
    }

    private var time: HTML {
        """
        <fieldset>
        <legend>\(t.text(.timeTitle))</legend>
        \(field("timezone", .timezone, TimeZoneOptions.select(form.timezone, attributes: marks("timezone"))))
        <div class="pair">
        \(field("quiet_start", .quietStart, timeInput("quiet_start", form.quietStart)))
        \(field("quiet_end", .quietEnd, timeInput("quiet_end", form.quietEnd)))
        </div>
        <p class="hint">\(t.text(.quietHint))</p>
        </fieldset>
        """
    }

    private var language: HTML {
        var options = Translation.languages.map { ($0, Translation.best(of: [$0]).text(.languageName)) }
        let current = visit.state.preferences.language
        if !Translation.languages.contains(current) { options.append((current, current)) }
        return """
            <fieldset>
            <legend>\(t.text(.languageTitle))</legend>
            \(field("language", .language, select("language", options, form.language)))
            </fieldset>
            """
    }

    private var topics: HTML {
        guard !form.topics.isEmpty else { return "" }
        let fallback = visit.business.defaultLanguage
        let boxes = form.topics.map { topic in
            box(
                "topic_\(topic.name)", topic.title(in: t.language, fallback: fallback), isOn: !form.refusedTopics.contains(topic.name),
                hint: topic.description(in: t.language, fallback: fallback))
        }
        return group(.topicsTitle, hint: .topicsHint, boxes)
    }

    private var marketing: HTML {
        group(
            .marketingTitle, hint: visit.business.marketingRule == .doubleOptIn ? .marketingConfirm : .topicsHint,
            form.offered.map { box("marketing_\($0.rawValue)", t.text(.marketing($0)), isOn: form.marketing.contains($0)) })
    }

    private var stops: HTML {
        group(
            .stopTitle, hint: .stopHint,
            form.offered.map { box("stop_\($0.rawValue)", t.text(.stop($0)), isOn: form.stops.contains($0)) })
    }

    private func group(_ title: Phrase, hint: Phrase, _ boxes: [HTML]) -> HTML {
        """
        <fieldset>
        <legend>\(t.text(title))</legend>
        <p class="hint">\(t.text(hint))</p>
        \(.joined(boxes))
        </fieldset>
        """
    }

    private func box(_ name: String, _ label: String, isOn: Bool, hint: String? = nil) -> HTML {
        let more: HTML = hint.map { "<span class=\"hint\"><bdi>\($0)</bdi></span>" } ?? ""
        return """
            <label class="box"><input type="checkbox" name="\(name)" value="1"\(isOn ? " checked" : "")>\
            <span><bdi>\(label)</bdi>\(more)</span></label>

            """
    }

    private func field(_ name: String, _ label: Phrase, _ input: HTML) -> HTML {
        let fault: HTML = fault(name).map { "<p class=\"error\" id=\"\(name)-error\">\(t.text($0))</p>" } ?? ""
        return "<div class=\"field\"><label for=\"\(name)\">\(t.text(label))</label>\(fault)\(input)</div>\n"
    }

    private func select(_ name: String, _ options: [(value: String, label: String)], _ chosen: String) -> HTML {
        let items = options.map { option -> HTML in
            "<option value=\"\(option.value)\"\(option.value == chosen ? " selected" : "")>\(option.label)</option>"
        }
        return "<select id=\"\(name)\" name=\"\(name)\"\(marks(name))>\(.joined(items))</select>"
    }

    private func timeInput(_ name: String, _ value: String) -> HTML {
        "<input type=\"time\" id=\"\(name)\" name=\"\(name)\" value=\"\(value)\" required\(marks(name))>"
    }

    /// Ties a field to what is said about it.
    private func marks(_ name: String) -> HTML {
        fault(name) == nil ? "" : " aria-invalid=\"true\" aria-describedby=\"\(name)-error\""
    }

    private func fault(_ field: String) -> Phrase? { form.faults.first { $0.field == field }?.phrase }
}

extension Phrase {
    /// The label of the box that stops everything on a channel.
    static func stop(_ channel: Channel) -> Phrase {
        switch channel {
        case .email: .stopEmail
        case .sms: .stopSMS
        case .whatsapp: .stopWhatsApp
        }
    }

    /// The label of the box for marketing on a channel.
    static func marketing(_ channel: Channel) -> Phrase {
        switch channel {
        case .email: .marketingEmail
        case .sms: .marketingSMS
        case .whatsapp: .marketingWhatsApp
        }
    }
}
