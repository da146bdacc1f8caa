/// The last look at a mail before its envelope is written: renders it and checks it against what the server can take.
enum MailAdmission {
    static func admit(_ mail: OutgoingMail, capabilities: ServerCapabilities) -> Result<MailPipeline.Envelope, SMTPFailure> {
        var needsUTF8 = !mail.recipient.isASCII || mail.sender?.isASCII == false
        if needsUTF8, !capabilities.smtpUTF8 { return .failure(noUTF8) }
        let message: [UInt8]
        do {
            message = try mail.message()
        } catch {
            return .failure(
                SMTPFailure(
                    .permanent, phase: .queue, text: "withdrawn: \(error)", withdrawn: true, underlying: error))
        }
        if let limit = capabilities.maxMessageSize, message.count > limit {
            return .failure(local(.init(5, 3, 4), "the message has \(message.count) octets, the server takes \(limit)"))
        }
        let is8Bit = DotStuffing.is8Bit(message)
        if is8Bit, !needsUTF8, DotStuffing.hasRawHeaders(message) {
            needsUTF8 = true
            if !capabilities.smtpUTF8 { return .failure(noUTF8) }
        }
        if is8Bit, !capabilities.eightBitMIME {
            return .failure(local(.init(5, 6, 3), "the server takes 7-bit messages only"))
        }
        return .success(.init(mail: mail, message: message, is8Bit: is8Bit, needsUTF8: needsUTF8))
    }

    private static var noUTF8: SMTPFailure {
        local(.init(5, 6, 7), "the server does not take addresses and headers with characters outside ASCII")
    }

    private static func local(_ enhanced: EnhancedStatus, _ text: String) -> SMTPFailure {
        SMTPFailure(.invalidInput, phase: .queue, enhanced: enhanced, text: text)
    }
}
