import Core

/// The place that a sealed value belongs to; it opens nowhere else.
public struct SealContext: Sendable, Hashable {
    public var table: String
    public var column: String
    public var business: BusinessID
    /// The row's key within the business, for example the client id.
    public var row: String

    public init(table: String, column: String, business: BusinessID, row: String) {
        self.table = table
        self.column = column
        self.business = business
        self.row = row
    }

    /// A client's e-mail address.
    public static func clientEmail(_ business: BusinessID, _ client: ClientID) -> SealContext {
        SealContext(table: "crm_clients", column: "email", business: business, row: client.text)
    }

    /// A client's phone number.
    public static func clientPhone(_ business: BusinessID, _ client: ClientID) -> SealContext {
        SealContext(table: "crm_clients", column: "phone_number", business: business, row: client.text)
    }

    /// Unambiguous bytes: every part with its length before it.
    func bytes(keyID: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(table.utf8.count + column.utf8.count + row.utf8.count + keyID.utf8.count + 32)
        for part in [keyID, table, column, row] {
            let length = UInt32(truncatingIfNeeded: part.utf8.count)
            for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
            bytes.append(contentsOf: part.utf8)
        }
        for word in [business.high, business.low] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        return bytes
    }
}
