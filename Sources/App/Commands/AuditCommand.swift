import ArgumentParser
import Core
import Storage
import Web

/// The append-only records: who changed what, and who agreed to what.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check and export the audit log and the consent ledger.",
        discussion: "With SQLite, one process at a time uses the database: stop the server first.",
        subcommands: [Verify.self, Export.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove that no entry was altered, removed, inserted, moved or emptied.",
            discussion: """
                Prints one line for each ledger with its end, and one line for each finding. Exit status 1 when there is a finding.

                Nobody can make a wrong ledger pass without the encryption key, but a database that was put back to an earlier state \
                as a whole looks like that state. So note the ends that are printed elsewhere and hand them in with --anchor later.
                """)

        @OptionGroup var configuration: ConfigurationOptions
        @Option(help: "Only this business's ledgers.")
        var business: String?
        @Option(
            help: "An end that was printed earlier, as LEDGER:SEQUENCE:HASH; may be repeated. Needs --business where there are several.")
        var anchor: [LedgerAnchor] = []

        func run() async throws {
            try await Store.with(try configuration.settings()) { [business, anchor] store in
                var places: [LedgerPlace] = []
                let businesses = try await Self.businesses(business, store)
                // Most likely the settings name another database than the server's: nothing was checked, so nothing is right.
                if businesses.isEmpty { throw CommandFailure("\(store.description): the database is empty; is it the server's?") }
                for id in businesses {
                    places += LedgerName.allCases.map { LedgerPlace(business: id, ledger: $0) }
                }
                if !anchor.isEmpty, places.count > LedgerName.allCases.count { throw CommandFailure("choose one with --business") }
                var findings = 0
                for place in places {
                    let report = try await store.database.verifyLedger(place)
                    Console.say(Self.summary(report))
                    for finding in report.findings { Console.say("  \(finding)") }
                    if report.findingCount > report.findings.count {
                        Console.say("  and \(report.findingCount - report.findings.count) more")
                    }
                    findings += report.findingCount
                    for anchor in anchor where anchor.ledger == place.ledger {
                        if try await anchor.holds(in: place, store.database) { continue }
                        Console.say("  \(place.ledger.rawValue): replaced \(anchor.sequence): the ledger does not hold the noted end")
                        findings += 1
                    }
                }
                switch try await store.database.verifyLedgerCount() {
                case .right: break
                case .missing(let count):
                    Console.say("removed: \(count) of the ledgers, with all that was in them")
                    findings += 1
                case .altered:
                    Console.say("altered: the number of ledgers")
                    findings += 1
                }
                if findings > 0 { throw ExitCode.failure }
            }
        }

        private static func businesses(_ text: String?, _ store: Store) async throws -> [BusinessID] {
            let all = try await store.database.read { tx in try tx.businessIDs() }
            guard let text else { return all }
            guard let id = UUIDv7(text), all.contains(id) else { throw CommandFailure("there is no business \(text.prefix(60))") }
            return [id]
        }

        private static func summary(_ report: LedgerReport) -> String {
            var text = "\(report.place.business) \(report.place.ledger.rawValue): \(report.sealed) entries"
            if report.unsealed > 0 { text += " and \(report.unsealed) not chained yet" }
            if report.erased > 0 { text += ", \(report.erased) of them erased" }
            if let head = report.head {
                text += ", end \(report.place.ledger.rawValue):\(head.sequence):\(Hexadecimal.encode(head.hash))"
            }
            return text + (report.findingCount == 0 ? ", nothing wrong" : ", \(report.findingCount) findings")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a ledger, oldest entry first.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var owner: BusinessOption
        @Option(help: "audit or consent.")
        var ledger = LedgerName.audit
        @Option(help: "csv or jsonl. In csv nothing is taken for a formula by a spreadsheet.")
        var format = LedgerFormat.jsonl

        func run() async throws {
            try await Store.with(try configuration.settings()) { [owner, ledger, format] store in
                let business = try await owner.resolve(store)
                try await LedgerLines(ledger: ledger, format: format)
                    .write(LedgerFilter(), business: business, from: store.database) { Console.write($0) }
            }
        }
    }
}

/// A ledger's end as it was noted: `audit:17:` and 64 hexadecimal digits.
struct LedgerAnchor: ExpressibleByArgument, Sendable {
    var ledger: LedgerName
    var sequence: Int64
    var hash: String

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let ledger = LedgerName(rawValue: String(parts[0])), let sequence = Int64(parts[1]), sequence > 0,
            parts[2].utf8.count == 64, parts[2].utf8.allSatisfy({ Hexadecimal.value(of: $0) != nil })
        else { return nil }
        (self.ledger, self.sequence, hash) = (ledger, sequence, parts[2].lowercased())
    }

    func holds(in place: LedgerPlace, _ database: Database) async throws -> Bool {
        try await database.read { tx in
            let link = try tx.ledgerChain(place, after: sequence - 1, through: sequence, limit: 1).first
            return link.map { Hexadecimal.encode($0.hash) } == hash
        }
    }
}

extension LedgerName: ExpressibleByArgument {}
extension LedgerFormat: ExpressibleByArgument {}
