import Core

/// What preferences come to, in a sentence for staff.
enum EffectiveSettings {
    static func sentences(_ preferences: Preferences, reachable: ChannelSet, suppressed: ChannelSet) -> [String] {
        let usable = preferences.availableChannels.filter { reachable.contains($0) && !suppressed.contains($0) }
        guard !usable.isEmpty else { return ["Nothing is sent to this client now: \(obstacle(preferences, reachable, suppressed))."] }
        var sentences = ["Messages go \(list(usable.map(way), "then")) \(hours(preferences))."]
        let marketing = usable.filter { preferences.marketingAllowed.contains($0) }
        sentences.append(marketing.isEmpty ? "No news and offers." : "News and offers \(list(marketing.map(way), "or")).")
        if !preferences.topicsRefused.isEmpty { sentences.append("Nothing about \(list(preferences.topicsRefused, "or")).") }
        if preferences.quietHoursStart != preferences.quietHoursEnd { sentences.append("Only critical messages come at other hours.") }
        return sentences
    }

    private static func obstacle(_ preferences: Preferences, _ reachable: ChannelSet, _ suppressed: ChannelSet) -> String {
        let open = preferences.preferredChannels.filter { !preferences.optOuts.contains($0) }
        if open.isEmpty { return "they opted out of every channel that they prefer" }
        let known = open.filter(reachable.contains)
        if known.isEmpty { return "there is no address for \(list(open.map(\.title), "or"))" }
        return "the address for \(list(known.map(\.title), "and")) is on the suppression list"
    }

    private static func hours(_ preferences: Preferences) -> String {
        guard preferences.quietHoursStart != preferences.quietHoursEnd else { return "at any hour" }
        let place = preferences.timezone.split(separator: "/").last.map { String($0.replacing("_", with: " ")) } ?? preferences.timezone
        return "between \(preferences.quietHoursEnd.text) and \(preferences.quietHoursStart.text), \(place) time"
    }

    private static func way(_ channel: Channel) -> String {
        switch channel {
        case .email: "by e-mail"
        case .sms: "by SMS"
        case .whatsapp: "on WhatsApp"
        }
    }

    private static func list(_ words: [String], _ last: String) -> String {
        guard words.count > 1, let end = words.last else { return words.first ?? "" }
        return "\(words.dropLast().joined(separator: ", ")) \(last) \(end)"
    }
}
