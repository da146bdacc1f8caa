import Core

/// The people at the other end: what they write, press and decide.
struct People: Sendable {
    static let inboundPath = "/api/crm/webhooks/twilio/inbound"

    let parts: EmulatorParts
    let stopped: StoppedSenders
    let windows: ConversationWindows

    private var configuration: EmulatorConfiguration { parts.configuration }

    /// Delivers `reply` to the product and waits for what it answers.
    func send(_ reply: EmulatedReply) async -> ReplyOutcome {
        let now = parts.clock.now()
        let isSMS = reply.provider == .twilio
        var message = EmulatedMessage(
            id: isSMS ? EmulatedID.twilio(reply.media.isEmpty ? "SM" : "MM") : EmulatedID.whatsApp(), provider: reply.provider,
            direction: .inbound, from: reply.from,
            to: reply.to ?? (isSMS ? configuration.twilio.serviceSender : configuration.whatsApp.phoneNumberID), body: reply.text,
            passages: [EmulatedMessage.Passage(status: .received, at: now)], createdAt: now)
        message.kind = reply.kind
        message.media = reply.media
        parts.log.keep(message)
        let keyword = isSMS ? StopKeyword(reply.text) : nil
        if isSMS {
            if configuration.twilio.handlesStopWords { note(keyword, message) }
        } else {
            windows.open(message.to, message.from, at: now)
        }
        var outcome = ReplyOutcome(id: message.id)
        for copy in 0..<min(max(reply.copies, 1), 100) {
            let result = await deliver(reply, message, keyword)
            // The first answer counts; what comes again is a repetition.
            if copy == 0 { outcome = self.outcome(of: result, message) }
        }
        return outcome
    }

    /// One signed change to the product's WhatsApp webhook.
    func sendChange(_ change: [UInt8]) async -> CallbackResult {
        guard let url = WhatsAppCallbacks(configuration).url, let address = parts.callbacks.address(url) else { return Self.nowhere }
        let result = await parts.callbacks.sendChanges([change], to: address, at: parts.clock.now())
        count(result)
        return result
    }

    /// Asks the product's WhatsApp webhook to prove that it knows the verification token, as the platform does when it is set up.
    func verify() async -> Bool {
        guard let url = WhatsAppCallbacks(configuration).url, let address = parts.callbacks.address(url) else { return false }
        let challenge = "\(UInt32.random(in: 1...UInt32.max))"
        let result = await parts.callbacks.verify(address, token: configuration.whatsApp.verifyToken, challenge: challenge)
        return result.status == 200 && result.body == Array(challenge.utf8)
    }

    private static let nowhere = CallbackResult(fault: "the emulator was started without --callback")

    private func note(_ keyword: StopKeyword?, _ message: EmulatedMessage) {
        switch keyword {
        case .stop: stopped.stop(message.to, message.from)
        case .start: stopped.start(message.to, message.from)
        case .help, nil: break
        }
    }

    private func deliver(_ reply: EmulatedReply, _ message: EmulatedMessage, _ keyword: StopKeyword?) async -> CallbackResult {
        if reply.provider == .whatsapp {
            let change = WhatsAppCallbacks(configuration).inbound(
                message, payload: reply.payload, repliesTo: reply.repliesTo, profileName: reply.profileName)
            return await sendChange(change)
        }
        guard let base = configuration.callbackURL,
            let address = parts.callbacks.address(CallbackAddress.withoutSlash(base) + Self.inboundPath)
        else { return Self.nowhere }
        let form = TwilioCallbacks.inbound(message, keyword: keyword, account: configuration.twilio)
        let result = await parts.callbacks.sendForm(form, to: address)
        count(result)
        return result
    }

    private func count(_ result: CallbackResult) {
        parts.log.count { counters in
            if result.isTaken {
                counters.callbacks += 1
                counters.reported += 1
            } else {
                counters.callbackFailures += 1
            }
        }
    }

    private func outcome(of result: CallbackResult, _ message: EmulatedMessage) -> ReplyOutcome {
        var outcome = ReplyOutcome(id: message.id, status: result.status, fault: result.fault)
        guard message.provider == .twilio, result.isTaken, let texts = TwiML.messages(result.body) else { return outcome }
        outcome.answers = texts
        let now = parts.clock.now()
        for text in texts {
            let isStopped = stopped.contains(message.to, message.from)
            var answer = EmulatedMessage(
                id: EmulatedID.twilio("SM"), provider: .twilio, direction: .reply, from: message.to, to: message.from, body: text,
                passages: [EmulatedMessage.Passage(status: isStopped ? .failed : .delivered, at: now)], createdAt: now)
            if isStopped { answer.errorCode = 21_610 }
            parts.log.keep(answer)
        }
        return outcome
    }
}
