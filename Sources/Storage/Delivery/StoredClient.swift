import Core

/// A client's record and preferences as a round works with them.
struct StoredClient {
    var record: ClientRecord?
    var stated = StatedPreferences()
}

/// The columns of `crm_clients` that a delivery needs.
struct ClientRecord {
    /// As the table holds it, or as a request brings it, which is never taken for sealed.
    var name: String?
    var language: String?
    var timezone: String?
    var email: SealedValue?
    var emailHash: [UInt8]?
    var phoneNumber: SealedValue?
    var phoneHash: [UInt8]?

    init() {}

    /// Takes over what `update` says.
    ///
    /// - Returns: true when that changes anything. An address with the stored hash is the stored one: sealing it again
    ///   makes other bytes of the same content.
    mutating func merge(
        _ update: SealedRecipient, _ content: ContentSeal, _ business: BusinessID, _ client: ClientID
    ) throws(DatabaseError) -> Bool {
        var changed = false
        func take<T: Equatable>(_ new: T?, _ old: inout T?) {
            guard let new, new != old else { return }
            old = new
            changed = true
        }
        if let new = update.name.map(SealedValue.plain), try content.openedName(name, of: client, business: business) != new {
            (name, changed) = (new, true)
        }
        take(update.language, &language)
        take(update.timezone, &timezone)
        if let hash = update.emailHash, hash != emailHash {
            (emailHash, email, changed) = (hash, update.email, true)
        }
        if let hash = update.phoneHash, hash != phoneHash {
            (phoneHash, phoneNumber, changed) = (hash, update.phoneNumber, true)
        }
        return changed
    }

    /// The name for the table; the words only where it is new.
    func storedName(
        _ content: ContentSeal, _ business: BusinessID, _ client: ClientID
    ) throws(DatabaseError) -> (text: String?, words: [UInt8]?) {
        guard let name, try SealedValue.parsing(name) == nil else { return (name, nil) }
        let text: String = try content.stored(name, .clientName(business, client))
        return (text, content.words(of: name, business))
    }

    /// Hashes whose suppression matters to this client.
    var hashes: [[UInt8]] {
        [emailHash, phoneHash].compactMap { $0 }
    }

    func snapshot(stated: StatedPreferences, suppressed: SuppressedChannels) -> ClientSnapshot {
        ClientSnapshot(
            name: name, language: language, timezone: timezone, email: email, phoneNumber: phoneNumber, stated: stated,
            suppressed: suppressed.all, marketingStopped: suppressed.marketing)
    }
}

extension StatedPreferences {
    /// Reads `preferred_channels, timezone, quiet_hours_start, quiet_hours_end, opt_out_email, opt_out_sms,
    /// opt_out_whatsapp, language_preference, marketing, topics_refused` from `first` on; all NULL where nothing was ever stated.
    init(_ row: Row, from first: Int) throws(DatabaseError) {
        self.init()
        guard try !row.isNull(first + 4) else { return }
        preferredChannels = try row.textOrNil(first).map([Channel].init(joined:))
        timezone = try row.textOrNil(first + 1)
        quietHoursStart = try row.textOrNil(first + 2).flatMap(LocalTime.init)
        quietHoursEnd = try row.textOrNil(first + 3).flatMap(LocalTime.init)
        if try row.bool(first + 4) { optOuts.insert(.email) }
        if try row.bool(first + 5) { optOuts.insert(.sms) }
        if try row.bool(first + 6) { optOuts.insert(.whatsapp) }
        language = try row.textOrNil(first + 7)
        try setConsent(marketing: row.textOrNil(first + 8) ?? "", topicsRefused: row.textOrNil(first + 9) ?? "")
    }

    /// Nothing may go to the person any more, whatever they said.
    mutating func holdForErasure() {
        optOuts = .all
        isToBeErased = true
    }

    /// Reads the columns of those names.
    ///
    /// - Throws: what can not be read must not count as a yes.
    mutating func setConsent(marketing text: String, topicsRefused names: String) throws(DatabaseError) {
        if !text.isEmpty {
            guard let consent = MarketingConsent(text: text) else { throw .decoding("a client's marketing consent") }
            marketing = consent
        }
        if !names.isEmpty { topicsRefused = names.split(separator: ",").map(String.init) }
    }
}
