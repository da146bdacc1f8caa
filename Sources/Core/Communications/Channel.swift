/// A way to reach a person.
public enum Channel: String, Sendable, Hashable, CaseIterable {
    case email, sms, whatsapp
}

/// A small set of channels.
public struct ChannelSet: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public init(_ channel: Channel) {
        switch channel {
        case .email: rawValue = 1
        case .sms: rawValue = 2
        case .whatsapp: rawValue = 4
        }
    }

    public static let email = ChannelSet(.email)
    public static let sms = ChannelSet(.sms)
    public static let whatsapp = ChannelSet(.whatsapp)
    public static let all: ChannelSet = [.email, .sms, .whatsapp]

    public func contains(_ channel: Channel) -> Bool {
        contains(ChannelSet(channel))
    }
}
