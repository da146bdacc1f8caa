/// An address with the name shown beside it (`mailbox`, RFC 5322, 3.4).
public struct Mailbox: Sendable, Hashable {
    public let name: String?
    public let address: MailAddress

    public init(name: String? = nil, address: MailAddress) throws(MIMEError) {
        if let name { try MIMEError.checkNoControls(name, in: "the display name") }
        self.name = name
        self.address = address
    }

    public init(_ address: MailAddress) {
        name = nil
        self.address = address
    }
}
