/// One webhook call to the product, before it is signed.
struct Callback: Sendable {
    enum Content: Sendable {
        /// Twilio: a form.
        case form([(String, String)])
        /// WhatsApp: one element of `changes`, as JSON; several may share one call.
        case change([UInt8])
    }

    /// As the product named it, with its fragment.
    var url: String
    var content: Content
}

/// What became of one try.
struct CallbackResult: Sendable {
    /// Nil: no answer.
    var status: Int?
    /// The answer's body, bounded.
    var body: [UInt8] = []
    /// For people, where there was no answer.
    var fault: String?

    var isTaken: Bool { status.map { (200..<300).contains($0) } ?? false }
}
