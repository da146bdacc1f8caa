import Core

/// What holds for a client, said in their language: "We will write to you by e-mail between 08:00 and 22:00, Berlin time."
public enum PreferencesSentence {
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
        let names = ways.map { translation.text(.way($0)) }
        guard let last = names.last else { return "" }
        return names.dropLast().reversed().reduce(last) { translation.text(.twoWays, ["first": $1, "second": $0]) }
    }

    /// The city of an IANA zone: `New York` for `America/New_York`.
    public static func zoneName(_ zone: String) -> String {
        String(zone.split(separator: "/").last ?? "UTC").replacing("_", with: " ")
    }
}
