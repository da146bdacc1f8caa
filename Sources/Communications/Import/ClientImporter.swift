import Core
import Storage

/// A line of an import: a client, or what is wrong with it.
public struct ImportLine: Sendable {
    public var number: Int
    public var result: Result<ImportedClient, ValidationError>

    public init(number: Int, result: Result<ImportedClient, ValidationError>) {
        self.number = number
        self.result = result
    }
}

/// Brings the lines of one import into the store, batch by batch. Memory stays that of one batch, however long the file is.
public struct ClientImporter: Sendable {
    /// Lines of one transaction: it keeps decisions about consent waiting, so it must be short.
    public static let mostTogether = 128
    /// Errors that are kept of one line.
    private static let mostErrors = 20

    let database: Database
    let orchestrator: Orchestrator
    let addresses: AddressBook
    let id: UUIDv7
    let business: BusinessID
    let source: ConsentSource
    let isDryRun: Bool

    public init(
        database: Database, orchestrator: Orchestrator, cipher: Cipher, id: UUIDv7, business: BusinessID, source: ConsentSource,
        isDryRun: Bool
    ) {
        self.database = database
        self.orchestrator = orchestrator
        addresses = AddressBook(cipher: cipher)
        self.id = id
        self.business = business
        var source = source
        source.way = .import
        source.evidence = "import \(id)"
        self.source = source
        self.isDryRun = isDryRun
    }

    /// When it returns, the lines are durable and what they refuse does not begin any more (promise P4).
    public func take(_ lines: [ImportLine]) async throws {
        guard !lines.isEmpty else { return }
        var clients: [SealedImport] = []
        var errors: [ImportError] = []
        for line in lines {
            switch line.result {
            case .success(let client): clients.append(try seal(client))
            case .failure(let problems):
                for (position, problem) in problems.errors.prefix(Self.mostErrors).enumerated() {
                    errors.append(
                        ImportError(
                            line: line.number, position: position, field: Self.shown(problem.field), message: problem.message))
                }
            }
        }
        let rejected = lines.count - clients.count
        let (id, business, source, isDryRun) = (id, business, source, isDryRun)
        // By value: what a transaction that runs twice changes must not add up.
        let changes = try await database.record { [clients, errors] tx in
            var result = try tx.importClients(clients, business: business, source: source, isDryRun: isDryRun)
            result.counts.lines += rejected
            result.counts.rejected += rejected
            try tx.noteImport(id, result.counts, errors: errors)
            return result.changes
        }
        await orchestrator.consentChanged(changes)
    }

    /// A field's name as it is kept: an unknown one is the caller's own text, of any length.
    private static func shown(_ field: String) -> String {
        String(String.UnicodeScalarView(field.unicodeScalars.prefix(100).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }

    private func seal(_ client: ImportedClient) throws -> SealedImport {
        let sealed = try addresses.seal(
            RecipientUpdate(email: client.email, phoneNumber: client.phoneNumber), business: business, client: client.id)
        return SealedImport(
            client: client, email: sealed.email, emailHash: sealed.emailHash, phoneNumber: sealed.phoneNumber, phoneHash: sealed.phoneHash)
    }
}
