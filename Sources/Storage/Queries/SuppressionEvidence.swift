import Core

/// Who says that an address belongs on the suppression list, and what shows it.
public struct SuppressionEvidence: Sendable, Hashable {
    /// `dsn`, `arf`, the name of a provider, `api`.
    public var source: String
    /// A JSON object without personal data.
    public var details: [UInt8]
    /// A person's words, sealed for ``SealContext/suppressionNote(_:_:_:)``.
    public var note: SealedValue?

    public init(source: String, details: [UInt8] = Array("{}".utf8), note: SealedValue? = nil) {
        self.source = source
        self.details = details
        self.note = note
    }

    /// - Parameters:
    ///   - report: who tells and in which word; its first word is the source.
    ///   - words: the server's, without addresses.
    public init(report: String, words: String, communication: CommunicationID, count: Int? = nil) {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.member("report", report)
            json.member("diagnostic", words)
            json.member("communication_id", communication.description)
            if let count { json.member("count", count) }
        }
        self.init(source: report.split(separator: " ").first.map(String.init) ?? "", details: json.bytes)
    }
}

extension SealContext {
    /// What a person wrote on an entry of the suppression list.
    public static func suppressionNote(_ business: BusinessID, _ hash: [UInt8], _ channel: Channel) -> SealContext {
        SealContext(
            table: "crm_suppressions", column: "note", business: business, row: "\(channel.rawValue)-\(Hexadecimal.encode(hash))")
    }
}
