import Core

/// The bytes of a link before they are signed.
///
/// `purpose(1) ‖ version and fields(1) ‖ business(16) ‖ client ‖ issued at(6) ‖ [communication(16)] ‖ [channel(1)] ‖ [topic] ‖
/// [expires at(6)]`; texts are led by their length in one byte, times are milliseconds. One link has one form, so that nothing can be
/// altered without the signature noticing.
enum LinkToken {
    private static let version: UInt8 = 1 << 4
    private static let hasCommunication: UInt8 = 1
    private static let hasChannel: UInt8 = 2
    private static let hasTopic: UInt8 = 4
    private static let hasExpiry: UInt8 = 8
    private static let latest: Int64 = 1 << 48 - 1

    static func encode(_ link: PublicLink) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192)
        bytes.append(contentsOf: link.purpose.rawValue.utf8)
        let topic = link.topic.map { Array($0.utf8.prefix(255)) }
        bytes.append(
            version | (link.communication == nil ? 0 : hasCommunication) | (link.channel == nil ? 0 : hasChannel)
                | (topic == nil ? 0 : hasTopic) | (link.expiresAt == nil ? 0 : hasExpiry))
        append(link.business, to: &bytes)
        append(Array(link.client.text.utf8), to: &bytes)
        append(link.issuedAt, to: &bytes)
        if let communication = link.communication { append(communication, to: &bytes) }
        if let channel = link.channel { bytes.append(ChannelSet(channel).rawValue) }
        if let topic { append(topic, to: &bytes) }
        if let expiresAt = link.expiresAt { append(expiresAt, to: &bytes) }
        return bytes
    }

    /// Nil for anything that ``encode(_:)`` does not write.
    static func decode(_ bytes: ArraySlice<UInt8>) -> PublicLink? {
        var rest = bytes
        guard let first = rest.popFirst(), let purpose = LinkPurpose(rawValue: String(UnicodeScalar(first))), let fields = rest.popFirst(),
            fields & 0xF0 == version, let business = uuid(&rest), let client = text(&rest).flatMap({ ClientID($0) }),
            let issuedAt = time(&rest)
        else { return nil }
        var link = PublicLink(purpose, business: business, client: client, issuedAt: issuedAt)
        if fields & hasCommunication != 0 {
            guard let communication = uuid(&rest) else { return nil }
            link.communication = communication
        }
        if fields & hasChannel != 0 {
            guard let code = rest.popFirst(), let channel = Channel.allCases.first(where: { ChannelSet($0).rawValue == code }) else {
                return nil
            }
            link.channel = channel
        }
        if fields & hasTopic != 0 {
            guard let topic = text(&rest) else { return nil }
            link.topic = topic
        }
        if fields & hasExpiry != 0 {
            guard let expiresAt = time(&rest) else { return nil }
            link.expiresAt = expiresAt
        }
        return rest.isEmpty ? link : nil
    }

    private static func append(_ id: UUIDv7, to bytes: inout [UInt8]) {
        for word in [id.high, id.low] { append(word, bytes: 8, to: &bytes) }
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: text.count))
        bytes.append(contentsOf: text)
    }

    private static func append(_ time: Timestamp, to bytes: inout [UInt8]) {
        append(UInt64(min(max(time.milliseconds, 0), latest)), bytes: 6, to: &bytes)
    }

    private static func append(_ word: UInt64, bytes count: Int, to bytes: inout [UInt8]) {
        for shift in stride(from: (count - 1) * 8, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }

    private static func uuid(_ rest: inout ArraySlice<UInt8>) -> UUIDv7? {
        guard let high = word(8, &rest), let low = word(8, &rest) else { return nil }
        return UUIDv7(high: high, low: low)
    }

    private static func time(_ rest: inout ArraySlice<UInt8>) -> Timestamp? {
        word(6, &rest).map { Timestamp(milliseconds: Int64(truncatingIfNeeded: $0)) }
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
        defer { rest.removeFirst(Int(length)) }
        return String(validating: rest.prefix(Int(length)), as: UTF8.self)
    }

    private static func word(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
