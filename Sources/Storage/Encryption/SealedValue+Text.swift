extension SealedValue {
    /// What a sealed text begins with. No text in the clear does: see ``plain(_:)``.
    static let mark: Character = "\u{1}"

    /// The value for a column of text: the mark, the key's name, a colon, and the bytes in base64.
    public var text: String {
        guard let (id, _) = Cipher.parse(self) else { return "" }
        return "\(Self.mark)\(id):\(Base64.encode(bytes))"
    }

    /// Reads what ``text`` wrote; nil for text in the clear.
    ///
    /// - Throws: ``DatabaseError/sealed(_:)`` for text that has the mark and is no such value.
    public static func parsing(_ text: String) throws(DatabaseError) -> SealedValue? {
        guard text.first == mark else { return nil }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let bytes = Base64.decode(text[text.index(after: colon)...]) else {
            throw .sealed("A sealed text is damaged.")
        }
        return SealedValue(bytes: bytes)
    }

    /// Text in the clear that nobody takes for a sealed one.
    public static func plain(_ text: String) -> String {
        text.first == mark ? String(text.drop { $0 == mark }) : text
    }
}
