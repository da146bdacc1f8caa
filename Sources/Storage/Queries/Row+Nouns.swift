import Core

/// Columns that hold one of the product's nouns.
extension Row {
    /// A text column whose value is one of a closed list.
    func oneOf<Noun: RawRepresentable>(_ column: Int, as type: Noun.Type) throws -> Noun where Noun.RawValue == String {
        guard let noun = Noun(rawValue: try text(column)) else { throw DatabaseError.decoding("column \(column) is not a \(type)") }
        return noun
    }

    /// As ``oneOf(_:as:)``, for columns that may be empty.
    func oneOfOrNil<Noun: RawRepresentable>(_ column: Int, as type: Noun.Type) throws -> Noun? where Noun.RawValue == String {
        guard let text = try textOrNil(column) else { return nil }
        guard let noun = Noun(rawValue: text) else { throw DatabaseError.decoding("column \(column) is not a \(type)") }
        return noun
    }

    /// Channels in order, written as `email,sms`.
    func channels(_ column: Int) throws -> [Channel] {
        guard let channels = [Channel](columnText: try text(column)) else {
            throw DatabaseError.decoding("column \(column) is not a list of channels")
        }
        return channels
    }
}

extension [Channel] {
    /// Reads `email,sms`; the empty text is the empty list.
    init?(columnText text: String) {
        var channels: [Channel] = []
        for name in text.split(separator: ",") {
            guard let channel = Channel(rawValue: String(name)) else { return nil }
            channels.append(channel)
        }
        self = channels
    }
}
