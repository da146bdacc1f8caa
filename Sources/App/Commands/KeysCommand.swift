import ArgumentParser
import Core
import Storage

/// The keys that protect personal data at rest.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Rotate the encryption keys, and see which key protects what.",
        discussion: "With SQLite and a running server, the server is asked to do it: set RAPPORT_API_KEY or --api-key to an admin's key.",
        subcommands: [Rotate.self, Status.self])

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seal everything anew with the first key, while servers run.",
            discussion: """
                Put the new key first in DB_ENCRYPTION_KEY (new:…,old:…) on every instance and start them again; then run this. With the \
                key file of SQLite, --new-key does that part. It can be interrupted at any moment and goes on when it is run again, or \
                when the server starts. At its end nothing is sealed with the old key any more, and it can be removed. Keep it for as \
                long as you keep backups from before.
                """)

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var server: RunningServerOptions
        @Flag(help: "Make a new key in the key file beside the SQLite database first.")
        var newKey = false
        @Flag(help: "Take the old keys out of the key file at the end.")
        var dropOldKeys = false

        func run() async throws {
            let settings = try configuration.settings()
            let progress: KeyRotationReport
            do {
                progress = try await Store.with(settings) { [newKey, dropOldKeys] store in
                    try await Self.rotate(store, settings, newKey: newKey, dropOldKeys: dropOldKeys)
                }
            } catch DatabaseError.lockedByAnotherProcess {
                progress = try await RunningServer(settings, server).rotate(newKey: newKey, dropOldKeys: dropOldKeys)
            }
            try progress.conclude(droppedOldKeys: dropOldKeys)
        }

        private static func rotate(_ store: Store, _ settings: Settings, newKey: Bool, dropOldKeys: Bool) async throws -> KeyRotationReport
        {
            let keeper = KeyKeeper(database: store.database, cipher: store.cipher, source: Store.keySource(settings))
            do {
                let begun = try await keeper.begin(newKey: newKey, droppingOldKeys: dropOldKeys) { tx in
                    for business in try tx.businessIDs() {
                        try tx.audit(AuditEntry(actor: .commandLine, action: "encryption_keys.rotate"), business: business)
                    }
                }
                var lines = ProgressLines()
                lines.show(KeyRotationReport(begun, keeper.cipher.keys))
                var progress = begun
                var unreadable: String?
                while progress.state == .running {
                    progress = try await keeper.rotation.step()
                    unreadable = unreadable ?? progress.firstUnreadable
                    progress.firstUnreadable = unreadable
                    lines.show(KeyRotationReport(progress, keeper.cipher.keys))
                }
                let old = KeyRotationReport(progress, keeper.cipher.keys)
                try keeper.finish(progress)
                return old
            } catch let refusal as KeyRotationRefusal {
                throw CommandFailure(refusal.description)
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count what each key has sealed.",
            discussion: "Reads every sealed column. A running server on SQLite only tells how far its rotation is.")

        @OptionGroup var configuration: ConfigurationOptions
        @OptionGroup var server: RunningServerOptions

        func run() async throws {
            let settings = try configuration.settings()
            do {
                try await Store.with(settings) { store in
                    try await Self.show(store)
                }
            } catch DatabaseError.lockedByAnotherProcess {
                let report = try await RunningServer(settings, server).progress()
                Console.say(report.lines)
            }
        }

        private static func show(_ store: Store) async throws {
            let keys = store.cipher.keys
            Console.say("keys       \(keys.names.joined(separator: ", ")) (the first one writes)")
            var foreign: Int64 = 0
            for census in try await KeyCensus.take(store.database) {
                let counts = census.values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                let damaged = census.damaged > 0 ? ["damaged \(census.damaged)"] : []
                foreign += census.values.filter { $0.key != keys.names.first }.values.reduce(0, +) + census.damaged
                Console.say("  \(census.column)  \((counts + damaged).isEmpty ? "nothing" : (counts + damaged).joined(separator: ", "))")
            }
            if let progress = try await store.database.read({ tx in try tx.keyRotation() }) {
                Console.say(KeyRotationReport(progress, keys).lines)
            }
            Console.say(
                foreign == 0
                    ? "Everything is sealed with the first key."
                    : "\(foreign) values are not sealed with the first key; see rapport keys rotate")
        }
    }
}

/// One line now and then, not one for every step.
private struct ProgressLines {
    private var last = ContinuousClock.now - .seconds(10)

    mutating func show(_ report: KeyRotationReport) {
        guard ContinuousClock.now - last >= .seconds(1), report.state == "running" else { return }
        last = .now
        Console.say(report.lines)
    }
}
