import Core
import Providers
import Storage

/// What recording a reply brought.
struct RecordedReply: Sendable {
    /// The reply as it is kept; nil where the provider had told it before.
    var stored: StoredReply?
    /// What the sender is told at once; for one that was told before, the first answer again.
    var answer: String?
    /// Whose consent it changed.
    var changes: [ConsentChange] = []
}

/// Records a reply and everything that follows from it, inside one transaction.
struct ReplyRecorder: Sendable {
    let cipher: Cipher
    let optOutReplies: OptOutReplies

    /// - Parameter businesses: every business, oldest first.
    func record(_ reply: PreparedReply, businesses: [BusinessID], _ tx: Transaction) throws -> RecordedReply {
        let entry = try entry(for: reply, businesses, tx)
        if let given = try tx.answerGiven(provider: reply.message.provider, providerMessageID: reply.providerMessageID) {
            return repeated(reply, entry, answer: given)
        }
        let match = try ReplyMatch.find(reply, owners: entry.owners, tx)
        guard let home = home(of: match, entry.owners, businesses) else {
            // Without a business nobody can be answered, and nothing is anybody's.
            return RecordedReply(stored: nil, answer: nil)
        }
        let consent = ReplyConsent(reply: reply, entry: entry, match: match)
        let isChange = try consent.isChange(tx)
        let answer = try answer(to: reply, isChange: isChange, home, match, entry, tx)
        let stored = try stored(reply, home, match, entry, answer: answer, tx)
        // Whoever records it at the same moment elsewhere comes first or second, and the second stops here.
        guard try tx.insertReply(stored) else {
            let given = try tx.answerGiven(provider: stored.provider, providerMessageID: stored.providerMessageID)
            return repeated(reply, entry, answer: given ?? nil)
        }
        let changes = try consent.apply(tx)
        try noteWindow(reply, entry, tx)
        try tell(stored, tx)
        return RecordedReply(stored: stored, answer: answer, changes: changes)
    }

    /// What was told before changes nothing. Whoever told it first may still be on the way to its acknowledgement, or have died there: a
    /// stop word is settled again before it is acknowledged here.
    private func repeated(_ reply: PreparedReply, _ entry: NumberBook.Entry, answer: String?) -> RecordedReply {
        guard reply.keyword?.keyword == .stop else { return RecordedReply(stored: nil, answer: answer) }
        return RecordedReply(
            stored: nil, answer: answer,
            changes: entry.owners.map {
                ConsentChange(business: $0.business, client: $0.client, channels: ChannelSet(reply.message.channel))
            })
    }

    private func entry(for reply: PreparedReply, _ businesses: [BusinessID], _ tx: Transaction) throws -> NumberBook.Entry {
        let book = NumberBook(cipher: cipher)
        if let owner = reply.addressed?.owner {
            // Said for one client of one business: nobody else is concerned.
            let found = try reply.number.map { try book.look(up: $0, in: [owner.business], tx).hashes } ?? [:]
            return NumberBook.Entry(owners: [owner], hashes: found)
        }
        guard let number = reply.number else { return NumberBook.Entry(owners: [], hashes: [:]) }
        return try book.look(up: number, in: businesses, tx)
    }

    /// The business that keeps the reply: the owner's; that of all owners where they have one in common; else the oldest, to which the
    /// account belongs.
    private func home(of match: ReplyMatch, _ owners: [NumberOwner], _ businesses: [BusinessID]) -> BusinessID? {
        if let owner = match.owner { return owner.business }
        let concerned = Set(owners.map(\.business))
        return concerned.count == 1 ? concerned.first : businesses.first
    }

    private func stored(
        _ reply: PreparedReply, _ home: BusinessID, _ match: ReplyMatch, _ entry: NumberBook.Entry, answer: String?, _ tx: Transaction
    ) throws -> StoredReply {
        let message = reply.message
        let meaning = try meaning(of: reply, home, match, tx)
        let attention = attention(reply, match, meaning, hasOwners: !entry.owners.isEmpty)
        let sender = reply.number?.e164 ?? PreparedReply.bounded(message.from, 64).text
        return StoredReply(
            id: reply.id, business: home, clientID: match.owner?.client, provider: message.provider,
            providerMessageID: reply.providerMessageID, channel: message.channel, kind: message.kind,
            sender: sender.isEmpty ? nil : try cipher.seal(sender, .replySender(home, reply.id)),
            phoneHash: reply.number.map { AddressBook(cipher: cipher).lookupHash(of: $0.e164, on: message.channel, business: home) },
            content: try cipher.seal(reply.content, .replyContent(home, reply.id)), contentCut: reply.contentCut,
            communication: match.communication?.id, planID: match.communication?.planID, action: meaning?.action, value: meaning?.value,
            keyword: reply.keyword?.keyword, needsAttention: attention != nil, attentionReason: attention, answer: answer,
            sentAt: message.at.flatMap(Self.believable), receivedAt: tx.now)
    }

    private func meaning(of reply: PreparedReply, _ home: BusinessID, _ match: ReplyMatch, _ tx: Transaction) throws -> ReplyMeaning? {
        // A keyword has a meaning of its own, which no pattern may take from it.
        guard reply.keyword == nil, match.owner != nil else { return nil }
        return ReplyClassifier.classify(
            text: reply.message.text, payload: reply.message.payload, messageType: match.messageType,
            patterns: try tx.replyPatterns(business: home))
    }

    /// Why a person should look at it; nil when nobody has to.
    private func attention(_ reply: PreparedReply, _ match: ReplyMatch, _ meaning: ReplyMeaning?, hasOwners: Bool) -> String? {
        if let refusal = reply.refusal { return refusal.rawValue }
        guard reply.keyword == nil else { return nil }
        if match.owner == nil { return hasOwners ? "ambiguous_number" : "unknown_number" }
        return match.isAwaited && meaning == nil ? "not_understood" : nil
    }

    private func answer(
        to reply: PreparedReply, isChange: Bool, _ home: BusinessID, _ match: ReplyMatch, _ entry: NumberBook.Entry, _ tx: Transaction
    ) throws -> String? {
        guard let keyword = reply.keyword, answers(keyword, reply.message) else { return nil }
        if keyword.keyword != .help, !isChange { return nil }
        guard let business = try tx.business(home) else { return nil }
        let owner = match.owner ?? entry.owners.first { $0.business == home }
        let language =
            try owner.map { try tx.effectivePreferences($0.client, business: home).language } ?? business.defaultLanguage
        // One business's name says nothing to a person who is told that several will not write any more.
        let name = Set(entry.owners.map(\.business)).count == 1 || entry.hashes.count <= 1 ? business.name : nil
        switch keyword.keyword {
        case .stop: return KeywordAnswer.stopped(business: name, language: language)
        case .start: return KeywordAnswer.started(business: name, language: language)
        case .help: return KeywordAnswer.help(business: business.name, contact: business.supportEmail, language: language)
        }
    }

    /// Whether an answer to the keyword is ours to give.
    private func answers(_ keyword: StopWords.Match, _ message: InboundMessage) -> Bool {
        if message.handledKeyword != nil { return false }
        guard message.provider == TwilioWebhook.provider, message.channel == .sms, keyword.handledByTwilio, keyword.keyword != .help else {
            return true
        }
        return optOutReplies == .rapport
    }

    /// Every message that somebody sends on WhatsApp opens the window for a day.
    private func noteWindow(_ reply: PreparedReply, _ entry: NumberBook.Entry, _ tx: Transaction) throws {
        guard reply.message.channel == .whatsapp, reply.addressed == nil else { return }
        for (business, owners) in Dictionary(grouping: entry.owners, by: \.business).sorted(by: { $0.key < $1.key }) {
            let certain = owners.count == 1 ? owners.first?.client : nil
            for hash in entry.hashes[business] ?? [] {
                try tx.noteWhatsAppInbound(
                    phoneHash: hash, business: business, client: certain, at: reply.message.at.flatMap(Self.believable))
            }
        }
    }

    /// Tells the business's endpoints, without a word of what was written.
    private func tell(_ reply: StoredReply, _ tx: Transaction) throws {
        guard let client = reply.clientID else { return }
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.member("reply_id", reply.id.description)
            json.member("communication_id", reply.communication?.description)
            json.member("plan_id", reply.planID)
            json.member("channel", reply.channel.rawValue)
            json.member("kind", reply.kind)
            json.member("action", reply.action?.name)
            json.member("value", reply.value)
            json.member("keyword", reply.keyword?.rawValue)
            json.member("needs_attention", reply.needsAttention)
        }
        try tx.emit(
            OutgoingEvent(
                type: .clientReplied, clientID: client, communication: reply.communication, at: reply.receivedAt, data: json.bytes),
            business: reply.business)
    }

    /// Nil for times that no database takes.
    private static func believable(_ time: Timestamp) -> Timestamp? {
        (0...253_402_300_799_999).contains(time.milliseconds) ? time : nil
    }
}
