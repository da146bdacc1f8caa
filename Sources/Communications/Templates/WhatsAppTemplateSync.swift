import Core
import Logging
import ServiceLifecycle
import Storage

/// Keeps the list of the WhatsApp account's templates: once an hour, and whenever somebody asks.
public final class WhatsAppTemplateSync: Service {
    /// What one reading of the account's list brought.
    public struct Result: Sendable, Hashable {
        public var total: Int
        public var approved: Int
        public var syncedAt: Timestamp
    }

    private let database: Database
    private let clock: WallClock
    private let logger: Logger
    private let composer: WhatsAppComposer?
    private let interval: Duration
    private let list: @Sendable () async throws -> [WhatsAppTemplate]

    /// - Parameters:
    ///   - composer: forgets what it knew of the templates after a reading.
    ///   - list: asks the account; all pages.
    public init(
        database: Database, clock: WallClock, logger: Logger, composer: WhatsAppComposer?, interval: Duration = .seconds(3600),
        list: @escaping @Sendable () async throws -> [WhatsAppTemplate]
    ) {
        self.database = database
        self.clock = clock
        self.logger = logger
        self.composer = composer
        self.interval = interval
        self.list = list
    }

    /// Reads the list at once and then regularly, until a stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // It has logged what went wrong; the last list holds until the next reading.
                _ = try? await self.runOnce()
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// Reads the list and stores it. What the account says of its failure is logged, never shown.
    ///
    /// - Parameters:
    ///   - audit: whose wish it was; nil for the product's own.
    ///   - business: in whose audit log that stands.
    /// - Throws: ``Refusal/unavailable`` when the account did not answer, ``DatabaseError``.
    @discardableResult
    public func runOnce(audit: AuditEntry? = nil, business: BusinessID? = nil) async throws -> Result {
        let listedAt = clock.now()
        let templates: [WhatsAppTemplate]
        do {
            templates = try await list()
        } catch {
            logger.warning("whatsapp_templates_not_read", metadata: ["error": "\(error)"])
            throw Refusal.unavailable
        }
        do {
            try await database.write { tx in
                try tx.replaceWhatsAppTemplates(templates, listedAt: listedAt)
                if let audit, let business { try tx.audit(audit, business: business) }
            }
        } catch {
            logger.error("whatsapp_templates_not_stored", metadata: ["error": "\(String(reflecting: error))"])
            throw error
        }
        composer?.forgetAll()
        logger.info("whatsapp_templates_read", metadata: ["count": "\(templates.count)"])
        return Result(total: templates.count, approved: templates.count(where: \.isApproved), syncedAt: clock.now())
    }
}
