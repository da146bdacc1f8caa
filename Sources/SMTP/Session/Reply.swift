import NIOCore

/// One complete reply of a server: its code and its lines' text, still as bytes so that success costs no strings.
struct Reply {
    let code: Int
    /// The text of the first line, after code and separator.
    let first: ByteBuffer
    /// The texts of the further lines of a multi-line reply.
    let rest: [ByteBuffer]

    var isPositive: Bool { code / 100 == 2 }

    /// The enhanced code of the first line that has one.
    var enhanced: EnhancedStatus? {
        if let found = EnhancedStatus.parse(first.readableBytesView) { return found }
        for line in rest {
            if let found = EnhancedStatus.parse(line.readableBytesView) { return found }
        }
        return nil
    }

    /// All lines as one printable, bounded text.
    var text: String {
        if rest.isEmpty { return PrintableText.make(first.readableBytesView) }
        var bytes = Array(first.readableBytesView.prefix(PrintableText.limit))
        for line in rest where bytes.count < PrintableText.limit {
            bytes.append(0x20)
            bytes.append(contentsOf: line.readableBytesView.prefix(PrintableText.limit))
        }
        return PrintableText.make(bytes)
    }

    var receipt: SMTPReceipt { SMTPReceipt(code: code, enhanced: enhanced, text: text) }

    /// The failure this reply means in the given phase. A reply of the wrong kind (a 2xx or 3xx where none fits) is the server's
    /// fault and transient.
    func failure(_ phase: SMTPFailure.Phase) -> SMTPFailure {
        guard code >= 400 else {
            return SMTPFailure(.transient, phase: phase, code: code, text: "unexpected reply: \(text)")
        }
        let enhanced = enhanced
        return SMTPFailure(
            ReplyClassification.category(code: code, enhanced: enhanced, phase: phase),
            phase: phase, code: code, enhanced: enhanced, text: text)
    }
}
