import Core

extension FieldReader {
    /// A text that `check` finds nothing wrong with; nil when absent, null or refused.
    ///
    /// - Parameter check: what is wrong with the text, in a few words.
    mutating func checked(_ key: String, maxLength: Int = 1_000, _ check: (String) -> String?) -> String? {
        convert(key, maxLength: maxLength) { text throws(FieldMessage) in
            if let message = check(text) { throw FieldMessage(message) }
            return text
        }
    }

    /// A client's id. Nil after an error was noted.
    mutating func requiredClientID(_ key: String = "client_id") -> ClientID? {
        requiredConvert(key, placeholder: nil) { text throws(FieldMessage) -> ClientID? in
            guard let id = ClientID(text) else { throw FieldMessage(ClientID.rule) }
            return id
        }
    }
}
