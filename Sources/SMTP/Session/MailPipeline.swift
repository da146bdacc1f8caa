import NIOCore

/// The mails on one connection and the replies they wait for. Pure: it writes commands into a buffer it is handed and says what a
/// reply means.
///
/// At most two mails are on the way: one whose message was sent and waits for the reply to its final dot (`accepting`), and one
/// whose envelope is being answered (`envelope`). With PIPELINING the second one's commands travel with the first one's message
/// (RFC 2920, 3.1 allows a message to begin a group). Replies come in the order of commands, so `accepting` is always first.
struct MailPipeline {
    /// A mail with everything needed to write its envelope.
    struct Envelope {
        let mail: OutgoingMail
        let message: [UInt8]
        let is8Bit: Bool
        let needsUTF8: Bool
    }

    enum Event {
        case wait
        /// 354: write this message, then call `messageWritten`.
        case messageWanted(Envelope)
        case finished(OutgoingMail, Result<SMTPReceipt, SMTPFailure>)
        /// The mail failed and the server said it is closing the connection (421).
        case finishedAndClosing(OutgoingMail, SMTPFailure)
        /// The server closes the connection without a mail on it, or broke the protocol.
        case broken(SMTPFailure)
    }

    /// The reply the envelope waits for.
    private enum Step {
        case reset, mailFrom, rcptTo, data
        /// The server said 354 although it refused the recipient: a lone dot was sent.
        case emptyMessage
    }

    private let isPipelining: Bool
    private let capabilities: ServerCapabilities
    private var accepting: OutgoingMail?
    private var envelope: Envelope?
    private var step = Step.mailFrom
    private var refusal: SMTPFailure?
    /// The last envelope failed, so the server may still hold a half-made transaction.
    private var needsReset = false

    init(capabilities: ServerCapabilities, usesPipelining: Bool) {
        self.capabilities = capabilities
        isPipelining = usesPipelining && capabilities.pipelining
    }

    var isIdle: Bool { accepting == nil && envelope == nil }
    var isAccepting: Bool { accepting != nil }
    /// Whether another envelope may be written now.
    var canBegin: Bool { envelope == nil && (accepting == nil || isPipelining) }

    /// Writes the first commands of an envelope; all of them with PIPELINING.
    mutating func begin(_ next: Envelope, into output: inout ByteBuffer) {
        envelope = next
        refusal = nil
        step = needsReset ? .reset : .mailFrom
        if needsReset { output.writeStaticString("RSET\r\n") }
        needsReset = false
        if isPipelining {
            writeMailFrom(next, into: &output)
            writeRcptTo(next, into: &output)
            output.writeStaticString("DATA\r\n")
        } else if step == .mailFrom {
            writeMailFrom(next, into: &output)
        }
    }

    /// The message asked for by `messageWanted` has been handed to the network.
    mutating func messageWritten() {
        accepting = envelope?.mail
        envelope = nil
    }

    mutating func receive(_ reply: Reply, hasMoreInput: Bool, into output: inout ByteBuffer) -> Event {
        if let mail = accepting {
            accepting = nil
            if reply.isPositive { return .finished(mail, .success(reply.receipt)) }
            return finish(mail, reply.failure(.accept), reply)
        }
        guard let current = envelope else {
            let text = reply.code == 421 ? reply.text : "the server spoke out of turn"
            return .broken(SMTPFailure(.transient, phase: .queue, code: reply.code, enhanced: reply.enhanced, text: text))
        }
        switch step {
        case .reset:
            if reply.code == 421 { return finishEnvelope(reply.failure(.reset), reply) }
            step = .mailFrom
            if !isPipelining { writeMailFrom(current, into: &output) }
            return .wait
        case .mailFrom:
            if !isPipelining, reply.isPositive { writeRcptTo(current, into: &output) }
            return advance(reply, phase: .mailFrom, next: .rcptTo)
        case .rcptTo:
            if !isPipelining, reply.isPositive { output.writeStaticString("DATA\r\n") }
            return advance(reply, phase: .rcptTo, next: .data)
        case .data:
            return receiveData(reply, current, hasMoreInput: hasMoreInput, into: &output)
        case .emptyMessage:
            return finishEnvelope(refusal ?? reply.failure(.data), reply)
        }
    }

    /// What becomes of the mails when the connection is gone.
    /// - Parameter messageFlushed: whether the final dot of the accepting mail left for the network.
    mutating func connectionLost(messageFlushed: Bool, cause: SMTPFailure) -> [(OutgoingMail, SMTPFailure)] {
        var lost: [(OutgoingMail, SMTPFailure)] = []
        if let mail = accepting {
            var failure = cause
            failure.category = .transient
            failure.phase = messageFlushed ? .accept : .body
            failure.outcomeUnknown = messageFlushed
            lost.append((mail, failure))
        }
        if let envelope {
            var failure = refusal ?? cause
            if refusal == nil {
                failure.category = .transient
                failure.phase = envelopePhase
            }
            lost.append((envelope.mail, failure))
        }
        accepting = nil
        envelope = nil
        refusal = nil
        return lost
    }

    /// The phase of the outstanding reply.
    var phase: SMTPFailure.Phase {
        if accepting != nil { return .accept }
        guard envelope != nil else { return .queue }
        return envelopePhase
    }

    private var envelopePhase: SMTPFailure.Phase {
        switch step {
        case .reset: .reset
        case .mailFrom: .mailFrom
        case .rcptTo: .rcptTo
        case .data, .emptyMessage: .data
        }
    }

    private mutating func advance(_ reply: Reply, phase: SMTPFailure.Phase, next: Step) -> Event {
        if !reply.isPositive {
            let failure = refusal ?? reply.failure(phase)
            if reply.code == 421 || !isPipelining { return finishEnvelope(failure, reply) }
            refusal = failure
        }
        step = next
        return .wait
    }

    private mutating func receiveData(
        _ reply: Reply, _ current: Envelope, hasMoreInput: Bool, into output: inout ByteBuffer
    ) -> Event {
        guard reply.code == 354 else { return finishEnvelope(refusal ?? reply.failure(.data), reply) }
        if hasMoreInput {
            let failure = SMTPFailure(.transient, phase: .data, code: 354, text: "the server answered before the message was sent")
            return finishEnvelope(failure, closing: true)
        }
        if refusal != nil {
            output.writeStaticString(".\r\n")
            step = .emptyMessage
            return .wait
        }
        return .messageWanted(current)
    }

    private mutating func finishEnvelope(_ failure: SMTPFailure, _ reply: Reply) -> Event {
        finishEnvelope(failure, closing: reply.code == 421)
    }

    private mutating func finishEnvelope(_ failure: SMTPFailure, closing: Bool) -> Event {
        guard let mail = envelope?.mail else { return .broken(failure) }
        envelope = nil
        refusal = nil
        needsReset = true
        return closing ? .finishedAndClosing(mail, failure) : .finished(mail, .failure(failure))
    }

    private func finish(_ mail: OutgoingMail, _ failure: SMTPFailure, _ reply: Reply) -> Event {
        reply.code == 421 ? .finishedAndClosing(mail, failure) : .finished(mail, .failure(failure))
    }

    private func writeMailFrom(_ envelope: Envelope, into output: inout ByteBuffer) {
        output.writeStaticString("MAIL FROM:<")
        if let sender = envelope.mail.sender { output.writeString(sender.wireText) }
        output.writeStaticString(">")
        if capabilities.size {
            output.writeStaticString(" SIZE=")
            output.writeString(String(envelope.message.count))
        }
        if envelope.is8Bit, capabilities.eightBitMIME { output.writeStaticString(" BODY=8BITMIME") }
        if envelope.needsUTF8 { output.writeStaticString(" SMTPUTF8") }
        output.writeStaticString("\r\n")
    }

    private func writeRcptTo(_ envelope: Envelope, into output: inout ByteBuffer) {
        output.writeStaticString("RCPT TO:<")
        output.writeString(envelope.mail.recipient.wireText)
        output.writeStaticString(">\r\n")
    }
}
