import Core

/// A client's record and preferences as a round works with them.
struct StoredClient {
    var record: ClientRecord?
    var stated = StatedPreferences()
}

/// The columns of `crm_clients` that a delivery needs.
struct ClientRecord {
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
    mutating func merge(_ update: SealedRecipient) -> Bool {
        var changed = false
        func take<T: Equatable>(_ new: T?, _ old: inout T?) {
            guard let new, new != old else { return }
            old = new
            changed = true
        }
        take(update.name, &name)
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
        try setConsent(marketing: row.text(first + 8), topicsRefused: row.text(first + 9))
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
