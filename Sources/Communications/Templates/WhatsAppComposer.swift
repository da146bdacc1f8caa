import Core
import Storage
import Synchronization

/// In which form a WhatsApp message goes, and what stands against it.
struct WhatsAppChoice: Sendable {
    enum Form: Sendable {
        case text
        case template(CompiledWhatsAppMapping)
    }

    var form: Form
    var isWindowOpen: Bool
    /// Why WhatsApp would not take it, or, in the sandbox, would not have taken it.
    var problem: String?
    /// True where that ends the attempt.
    var isRefused = false

    /// Free text without asking.
    static let text = WhatsAppChoice(form: .text, isWindowOpen: true)
}

/// Chooses between free text and approved templates: text while the 24-hour window is open, else the template that is mapped.
public final class WhatsAppComposer: Sendable {
    private struct Catalogue {
        var mappings: [CompiledWhatsAppMapping]
        var readAt: Timestamp
    }

    private static let freshFor: Int64 = 5

    private let database: Database
    private let addresses: AddressBook
    private let clock: WallClock
    /// The sandbox takes everything, and says what a real account would not have.
    private let isSandbox: Bool
    private let catalogues = Mutex<[BusinessID: Catalogue]>([:])

    /// - Parameter isSandbox: true while no WhatsApp account is configured.
    public init(database: Database, addresses: AddressBook, clock: WallClock, isSandbox: Bool) {
        self.database = database
        self.addresses = addresses
        self.clock = clock
        self.isSandbox = isSandbox
    }

    /// When the people behind these attempts last wrote, in one read; those who never did are missing.
    func lastInbound(of attempts: [Attempt]) async throws -> [CommunicationID: Timestamp] {
        var hashes: [BusinessID: [[UInt8]: [CommunicationID]]] = [:]
        for attempt in attempts {
            // A number that does not open is its own attempt's failure, told by whoever opens it to send there.
            let hash = try? addresses.phoneHash(of: attempt.client, business: attempt.business, client: attempt.clientID)
            guard let hash else { continue }
            hashes[attempt.business, default: [:]][hash, default: []].append(attempt.id)
        }
        guard !hashes.isEmpty else { return [:] }
        return try await database.read { [hashes] tx in
            var found: [CommunicationID: Timestamp] = [:]
            for (business, attempts) in hashes {
                for (hash, at) in try tx.whatsAppInbound(Array(attempts.keys), business: business) {
                    for id in attempts[hash] ?? [] { found[id] = at }
                }
            }
            return found
        }
    }

    /// As ``lastInbound(of:)`` for one client.
    func lastInbound(_ client: ClientSnapshot, business: BusinessID, client id: ClientID) async throws -> Timestamp? {
        guard let hash = try addresses.phoneHash(of: client, business: business, client: id) else { return nil }
        return try await database.read { tx in try tx.whatsAppInbound([hash], business: business)[hash] }
    }

    /// The form for a message that would begin now.
    func choice(
        _ messageType: String, profile: BusinessProfile, language: String, lastInbound: Timestamp?
    ) async throws -> WhatsAppChoice {
        guard !WhatsAppWindow.isOpen(lastInbound: lastInbound, now: clock.now()) else { return .text }
        let category = profile.messageType(named: messageType)?.category
        let known = try await mappings(profile.business.id).filter { $0.mapping.messageType == messageType }
        let usable = known.filter { Self.fault($0, category: category) == nil }
        let fallback = profile.business.defaultLanguage
        if let chosen = Self.choose(usable, language, fallback) {
            return WhatsAppChoice(form: .template(chosen), isWindowOpen: false)
        }
        var problem = "the person is outside the 24-hour window and no approved template is mapped for '\(messageType)'"
        if let candidate = Self.choose(known, language, fallback), let fault = Self.fault(candidate, category: category) {
            problem += ": \(fault)"
        }
        return WhatsAppChoice(form: .text, isWindowOpen: false, problem: problem, isRefused: !isSandbox)
    }

    /// Call after mappings of the business changed.
    func forget(_ business: BusinessID) {
        catalogues.withLock { $0[business] = nil }
    }

    /// Call after the account's templates changed.
    func forgetAll() {
        catalogues.withLock { $0 = [:] }
    }

    /// Why a mapping can not be used now; a template that the account never listed is given the benefit of the doubt.
    private static func fault(_ compiled: CompiledWhatsAppMapping, category: MessageCategory?) -> String? {
        guard let template = compiled.template else { return nil }
        guard template.isApproved else { return "the template '\(template.name)' is \(template.status)" }
        return compiled.mapping.problems(with: template, category: category).first.map {
            "the mapping does not fit the template '\(template.name)' any more: \($0.field) \($0.message)"
        }
    }

    private static func choose(_ mappings: [CompiledWhatsAppMapping], _ language: String, _ fallback: String) -> CompiledWhatsAppMapping? {
        guard let chosen = WhatsAppMapping.choose(from: mappings.map(\.mapping), language: language, fallbackLanguage: fallback) else {
            return nil
        }
        return mappings.first { $0.mapping == chosen }
    }

    private func mappings(_ business: BusinessID) async throws -> [CompiledWhatsAppMapping] {
        let now = clock.now()
        if let known = catalogues.withLock({ $0[business] }), now < known.readAt.adding(seconds: Self.freshFor) { return known.mappings }
        let stored = try await database.read { tx in
            try tx.whatsAppMappings(business: business).map { mapping in
                (mapping, try tx.whatsAppTemplate(mapping.template.name, language: mapping.template.language)?.template)
            }
        }
        // What was stored compiled when it was; what does not any more is as good as not mapped.
        let compiled = stored.compactMap { try? CompiledWhatsAppMapping($0.0, template: $0.1) }
        catalogues.withLock { $0[business] = Catalogue(mappings: compiled, readAt: now) }
        return compiled
    }
}
