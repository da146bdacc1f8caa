import Core

/// At most so many messages in any so many seconds through one channel's provider account, over all instances. Where SMS leaves
/// from several numbers, each of them has the whole limit.
struct RateLimit: Sendable, Equatable {
    var channel: String
    var messages: Int
    var seconds: Int

    /// `channel=messages/seconds,…`. Not set: the usual limits of the real providers; set and empty: none.
    static func list(_ source: SettingsSource, hasWhatsApp: Bool, hasSMS: Bool) throws(SettingsError) -> [RateLimit] {
        guard source.raw(.rateLimits) != nil else {
            var usual: [RateLimit] = []
            if hasWhatsApp { usual.append(RateLimit(channel: "whatsapp", messages: 1000, seconds: 86400)) }
            if hasSMS { usual.append(RateLimit(channel: "sms", messages: 1, seconds: 1)) }
            return usual
        }
        guard let text = try source.text(.rateLimits) else { return [] }
        var limits: [RateLimit] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let limit = RateLimit(entry.filter { $0 != " " }) else {
                throw SettingsError(.rateLimits, "'\(entry.prefix(60))' is not of the form email=100/3600 (email, sms or whatsapp)")
            }
            guard !limits.contains(where: { $0.channel == limit.channel }) else {
                throw SettingsError(.rateLimits, "\(limit.channel) stands there twice")
            }
            limits.append(limit)
        }
        return limits
    }

    init(channel: String, messages: Int, seconds: Int) {
        self.channel = channel
        self.messages = messages
        self.seconds = seconds
    }

    init?(_ text: String) {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, ["email", "sms", "whatsapp"].contains(sides[0]) else { return nil }
        let numbers = sides[1].split(separator: "/", omittingEmptySubsequences: false)
        guard numbers.count == 2, let messages = Int(numbers[0]), let seconds = Int(numbers[1]),
            (1...1_000_000_000).contains(messages), (1...31_536_000).contains(seconds)
        else { return nil }
        self.init(channel: String(sides[0]), messages: messages, seconds: seconds)
    }

    /// In the engine's words.
    static func rates(_ limits: [RateLimit]) -> [Channel: MessageRate] {
        var rates: [Channel: MessageRate] = [:]
        for limit in limits {
            guard let channel = Channel(rawValue: limit.channel) else { continue }
            rates[channel] = MessageRate(messages: limit.messages, seconds: limit.seconds)
        }
        return rates
    }
}
