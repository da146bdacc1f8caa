import Core
import Crypto

/// Walks one chain in its order and notes what is wrong. Whoever can write to the database without the key can not make a chain that
/// passes: every entry, every place and the end carry codes under it.
struct LedgerCheck {
    static let limit = 1_000

    let cipher: Cipher
    private(set) var report: LedgerReport
    /// The last entry that stood at its place.
    private(set) var last: LedgerHead
    /// What `last` should have as hash, where its stored one was altered.
    private var lastComputed = LedgerLink.origin
    /// Something is wrong with the place of `last`: what follows it can not fit.
    private var lastIsFaulty = false
    private var emptied: [UUIDv7: Int64?] = [:]
    private var covered: Set<UUIDv7> = []

    private var place: LedgerPlace { report.place }

    init(place: LedgerPlace, cipher: Cipher) {
        self.cipher = cipher
        report = LedgerReport(place: place)
        last = .origin(place)
    }

    /// - Parameter head: the chain's end, read together with the entry.
    mutating func take(_ entry: StoredLedgerEntry, head: LedgerHead?) {
        let sequence = entry.sequence ?? 0
        let record = entry.record
        report.sealed += 1
        if sequence <= last.sequence || sequence > head?.sequence ?? .max {
            let isOurs = record.mac == record.authenticationCode(cipher)
            note(isOurs ? .moved : .inserted, entry, "it stands outside of the chain")
            return
        }
        if sequence > last.sequence + 1 {
            note(.removed, sequence: last.sequence + 1, through: sequence - 1, "")
            lastComputed = entry.previousHash ?? []
            last.hash = lastComputed
        }
        let before = report.findingCount
        checkPlace(entry, sequence)
        lastIsFaulty = report.findingCount > before
        checkPayload(record, sequence)
        let link = LedgerLink.hash(sequence: sequence, previous: entry.previousHash ?? [], content: record.contentHash)
        last = LedgerHead(place: place, sequence: sequence, hash: entry.hash ?? [])
        lastComputed = link
    }

    private mutating func checkPlace(_ entry: StoredLedgerEntry, _ sequence: Int64) {
        let record = entry.record
        let previous = entry.previousHash ?? []
        let computed = LedgerLink.hash(sequence: sequence, previous: previous, content: record.contentHash)
        let isSealed = entry.seal == LedgerLink.seal(place, sequence, entry.hash ?? [], cipher)
        guard record.mac == record.authenticationCode(cipher) else {
            return note(
                isSealed ? .altered : .inserted, entry, isSealed ? "its content or its code" : "neither its code nor its seal is ours")
        }
        if isSealed {
            if computed != entry.hash {
                note(.altered, entry, "the hash before it")
            } else if !lastIsFaulty, previous != last.hash {
                note(.moved, entry, "it does not follow the entry before it")
            }
        } else if entry.seal == LedgerLink.seal(place, sequence, computed, cipher) {
            note(.altered, entry, "its hash")
        } else if computed == entry.hash {
            note(previous == last.hash || previous == lastComputed ? .altered : .moved, entry, "its seal is of another place")
        } else {
            note(.moved, entry, "hash and seal are of another place")
        }
    }

    private mutating func checkPayload(_ record: LedgerRecord, _ sequence: Int64?) {
        guard let payload = record.payload else {
            emptied.updateValue(sequence, forKey: record.id)
            if record.clientHash != nil { note(.altered, record.id, sequence, "it is emptied and still refers to a client") }
            return
        }
        guard let bytes = try? cipher.openBytes(payload, record.place), Array(SHA256.hash(data: bytes)) == record.payloadDigest,
            let document = try? JSONDocument(parsing: bytes)
        else { return note(.altered, record.id, sequence, "its payload") }
        let client = document.root["client_id"]?.string.flatMap { ClientID($0) }
        if record.clientHash != client.map({ LedgerRecord.clientHash($0, place.business, cipher) }) {
            note(.altered, record.id, sequence, "the client to whom it refers")
        }
        guard record.mac == record.authenticationCode(cipher) else { return }
        if record.action == LedgerAction.repair { note(.repaired, record.id, sequence, "the ledger's end had been altered before it") }
        guard record.action == LedgerAction.erase, let ids = document.root["erased"]?.elements else { return }
        for id in ids {
            if let id = id.string.flatMap({ UUIDv7($0) }) { covered.insert(id) }
        }
    }

    /// The entries without a place are read anew from here on: those that were may have been sealed meanwhile.
    mutating func beginUnsealed() {
        report.unsealed = 0
    }

    /// An entry that has no place yet.
    mutating func take(unsealed entry: StoredLedgerEntry) {
        report.unsealed += 1
        let record = entry.record
        if record.mac != record.authenticationCode(cipher) {
            note(.inserted, entry, "its code is not ours")
        } else if entry.hash != nil || entry.previousHash != nil || entry.seal != nil {
            note(.altered, entry, "its sequence")
        }
        checkPayload(record, nil)
    }

    /// - Parameter stored: the chain's end as the database has it, read after the last entry.
    mutating func finish(_ stored: (head: LedgerHead, isAuthentic: Bool)?) {
        report.head = last.sequence > 0 ? (last.sequence, last.hash) : nil
        if let stored {
            if !stored.isAuthentic {
                note(.headAltered, sequence: stored.head.sequence, "its code is not ours")
            } else if stored.head.sequence > last.sequence {
                note(.cut, sequence: last.sequence + 1, through: stored.head.sequence, "")
            } else if stored.head.sequence < last.sequence {
                note(.headAltered, sequence: stored.head.sequence, "the ledger goes on behind it")
            } else if stored.head.hash != last.hash, stored.head.hash != lastComputed {
                note(.headAltered, sequence: stored.head.sequence, "the last entry has another hash")
            }
        } else if report.sealed > 0 {
            note(.headAltered, "it is missing")
        }
        report.erased = emptied.count
        for (id, sequence) in emptied.sorted(by: { $0.key < $1.key }) where !covered.contains(id) {
            note(.emptied, id, sequence, "")
        }
    }

    /// Entries that an erasure names and that were not seen empty.
    var unaccounted: [UUIDv7] { covered.filter { emptied[$0] == nil }.sorted() }

    mutating func note(restored id: UUIDv7) {
        note(.restored, id, nil, "")
    }

    // MARK: Noting

    private mutating func note(_ kind: LedgerFinding.Kind, _ entry: StoredLedgerEntry, _ details: String) {
        note(kind, entry.record.id, entry.sequence, details)
    }

    private mutating func note(_ kind: LedgerFinding.Kind, _ id: UUIDv7, _ sequence: Int64?, _ details: String) {
        add(LedgerFinding(place: place, kind: kind, sequence: sequence, entry: id, details: details))
    }

    private mutating func note(_ kind: LedgerFinding.Kind, sequence: Int64? = nil, through last: Int64? = nil, _ details: String) {
        add(LedgerFinding(place: place, kind: kind, sequence: sequence, lastSequence: last, details: details))
    }

    private mutating func add(_ finding: LedgerFinding) {
        report.findingCount += 1
        if report.findings.count < Self.limit { report.findings.append(finding) }
    }
}
