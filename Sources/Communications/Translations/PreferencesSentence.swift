import Core
import Storage

/// What holds for a client, said in their language: "We will write to you by e-mail between 08:00 and 22:00, Berlin time."
public enum PreferencesSentence {
    /// Everything that holds, a sentence each, the most important first.
    ///
    /// - Parameter fallbackLanguage: of topics' titles.
    public static func all(
        _ state: ClientState, topics: [Topic], fallbackLanguage: String, in translation: Translation
    ) -> [String] {
        let preferences = state.preferences
        let ways = ways(preferences, reachable: state.reachable)
        var sentences = [text(preferences, reachable: state.reachable, in: translation)]
        guard !ways.isEmpty else { return sentences }
        if preferences.quietHoursStart != preferences.quietHoursEnd { sentences.append(translation.text(.effectiveUrgent)) }
        let marketing = Channel.allCases.filter { state.reachable.contains($0) && state.marketing.contains($0) }
        sentences.append(
            marketing.isEmpty
                ? translation.text(.effectiveNoMarketing)
                : translation.text(.effectiveMarketing, ["ways": list(marketing.map { translation.text(.way($0)) }, in: translation)]))
        let refused = topics.filter { preferences.topicsRefused.contains($0.name) }
        if !refused.isEmpty {
            let titles = refused.map { $0.title(in: translation.language, fallback: fallbackLanguage) }
            sentences.append(translation.text(.effectiveWithoutTopics, ["topics": list(titles, in: translation)]))
        }
        return sentences
    }

    /// - Parameter reachable: channels that the client has an address for; nil where nobody knows.
    public static func text(_ preferences: Preferences, reachable: ChannelSet?, in translation: Translation) -> String {
        let ways = ways(preferences, reachable: reachable)
        guard !ways.isEmpty else { return translation.text(.effectiveNever) }
        let said = joined(ways, in: translation)
        guard preferences.quietHoursStart != preferences.quietHoursEnd else {
            return translation.text(.effectiveAlways, ["ways": said])
        }
        return translation.text(
            .effective,
            [
                "ways": said, "from": preferences.quietHoursEnd.text, "until": preferences.quietHoursStart.text,
                "zone": zoneName(preferences.timezone),
            ])
    }

    /// The channels that messages take, in order: the preferred ones, else whatever is left.
    public static func ways(_ preferences: Preferences, reachable: ChannelSet?) -> [Channel] {
        func possible(_ channel: Channel) -> Bool {
            !preferences.optOuts.contains(channel) && reachable?.contains(channel) ?? true
        }
        let preferred = preferences.preferredChannels.filter(possible)
        return preferred.isEmpty ? Channel.allCases.filter(possible) : preferred
    }

    /// "by e-mail, then by SMS".
    public static func joined(_ ways: [Channel], in translation: Translation) -> String {
        chain(ways.map { translation.text(.way($0)) }, by: .twoWays, in: translation)
    }

    private static func list(_ names: [String], in translation: Translation) -> String {
        chain(names, by: .list, in: translation)
    }

    private static func chain(_ names: [String], by phrase: Phrase, in translation: Translation) -> String {
        guard let last = names.last else { return "" }
        return names.dropLast().reversed().reduce(last) { translation.text(phrase, ["first": $1, "second": $0]) }
    }

    /// The city of an IANA zone: `New York` for `America/New_York`.
    public static func zoneName(_ zone: String) -> String {
        String(zone.split(separator: "/").last ?? "UTC").replacing("_", with: " ")
    }
}
