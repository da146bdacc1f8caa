import Communications
import Core
import Logging
import ServiceLifecycle
import Storage

/// Lives through a few weeks of a small business in seconds: the real rules, engine and sandbox under a clock of its own.
struct DemoRun: Sendable {
    struct Summary: Sendable {
        var clients: Int
        var communications: Int
        var states: [(status: String, count: Int)]
        var apiKey: String?
    }

    let store: Store
    let clock: DemoClock
    let now: Timestamp
    let firstAPIKey: String?
    /// Nil: messages carry no links of ours.
    var links: LinkIssuer?

    /// - Throws: ``CommandFailure`` when the database holds clients or communications already.
    func run() async throws -> Summary {
        let bootstrap = try await store.database.write { [firstAPIKey] tx in try tx.bootstrap(chosenKey: firstAPIKey) }
        let business = try await emptyBusiness()
        try await fill(business)
        let silent = Logger(label: "rapport.demo", factory: { _ in SwiftLogNoOpLogHandler() })
        let (engine, orchestrator) = makeEngine(silent)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [engine], logger: silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await live(through: DemoMessage.all(now: now), business, orchestrator)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        return try await summary(business, bootstrap)
    }

    private func emptyBusiness() async throws -> BusinessID {
        try await store.database.read { tx in
            let businesses = try tx.businessIDs()
            let used =
                try tx.run("SELECT (SELECT COUNT(*) FROM crm_clients) + (SELECT COUNT(*) FROM crm_communications)").first?.int(0) ?? 0
            guard businesses.count == 1, let business = businesses.first, used == 0 else {
                throw CommandFailure(
                    "the database is not empty; give the demonstration one of its own, e.g. DATABASE_URL=sqlite:data/demo.sqlite")
            }
            return business
        }
    }

    private func fill(_ business: BusinessID) async throws {
        let addresses = AddressBook(cipher: store.cipher)
        try await store.database.write { tx in
            guard var record = try tx.business(business) else { return }
            record.name = "Wildflower Events"
            record.postalAddress = "Gartenstrasse 12, 10115 Berlin, Germany"
            record.supportEmail = "hello@wildflower.example"
            record.timezone = "Europe/Berlin"
            record.brandColor = "#2f6f4f"
            _ = try tx.updateBusiness(record)
            for client in DemoClient.all {
                guard let id = ClientID(client.id) else { continue }
                let sealed = try addresses.seal(
                    RecipientUpdate(email: client.email, phoneNumber: client.phone), business: business, client: id)
                _ = try tx.putClient(
                    SealedClient(
                        id: id, name: client.name, email: sealed.email, emailHash: sealed.emailHash, phoneNumber: sealed.phoneNumber,
                        phoneHash: sealed.phoneHash, language: client.language, timezone: client.timezone, tags: client.tags,
                        attributes: Array(#"{"event_date": "\#(client.eventDate)"}"#.utf8), createdAt: tx.now, updatedAt: tx.now),
                    business: business)
                try tx.updatePreferences(client.preferences, of: id, business: business, source: .system)
            }
        }
    }

    private func makeEngine(_ logger: Logger) -> (DeliveryEngine, Orchestrator) {
        let addresses = AddressBook(cipher: store.cipher)
        let directory = Directory(database: store.database, clock: clock.wallClock)
        let templates = TemplateStore(database: store.database, clock: clock.wallClock)
        let zones = ZoneCatalog()
        var transports: [Core.Channel: any Transport] = [:]
        for channel in Core.Channel.allCases {
            transports[channel] = DemoTransport(
                SandboxTransport(
                    channel: channel, sender: "sandbox", database: store.database, cipher: store.cipher, clock: clock.wallClock))
        }
        var timing = DeliveryTiming()
        // The clock jumps, so that waiting for its moments is of no use.
        timing.poll = .milliseconds(5)
        let engine = DeliveryEngine(
            database: store.database, addresses: addresses, clock: clock.wallClock, transports: transports,
            composer: MessageComposer(database: store.database, directory: directory, templates: templates, links: links), zones: zones,
            directory: directory, timing: timing, logger: logger)
        let orchestrator = Orchestrator(
            database: store.database, clock: clock.wallClock, directory: directory, templates: templates, addresses: addresses,
            zones: zones,
            engine: engine)
        return (engine, orchestrator)
    }

    private func live(through messages: [DemoMessage], _ business: BusinessID, _ orchestrator: Orchestrator) async throws {
        var sent: [(id: CommunicationID, reaction: DemoMessage.Reaction)] = []
        for message in messages {
            try await advance(to: message.at)
            guard let client = ClientID(message.client.id) else { continue }
            let request = CommunicationRequest(
                clientID: client, messageType: message.type, planID: message.client.plan, urgency: message.urgency, sendAt: message.sendAt,
                context: Array(message.context.utf8))
            guard case .accepted(let id, _) = try await orchestrator.submit(request, business: business, idempotency: nil) else { continue }
            if message.isCancelled { try await orchestrator.cancel(id, business: business) }
            sent.append((id, message.reaction))
            try await settle()
        }
        try await advance(to: now)
        for (id, reaction) in sent { try await react(to: id, reaction) }
    }

    /// Moves the clock there, stopping wherever something becomes due on the way.
    private func advance(to moment: Timestamp) async throws {
        while true {
            var next: Timestamp?
            for channel in Core.Channel.allCases {
                guard let due = try await store.database.nextDue(channel: channel) else { continue }
                next = min(next ?? due, due)
            }
            guard let next, next < moment else { break }
            clock.move(to: next)
            try await settle()
        }
        clock.move(to: moment)
        try await settle()
    }

    /// Waits until nothing is due and nothing is on its way.
    private func settle() async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while ContinuousClock.now < deadline {
            let busy = try await store.database.read { tx in
                try tx.run(
                    "SELECT COUNT(*) FROM crm_delivery_queue WHERE lease_token IS NOT NULL OR due_at <= \(tx.now.milliseconds)"
                ).first?.int(0) ?? 0
            }
            if busy == 0 { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw CommandFailure("the demonstration got stuck; see `rapport doctor`")
    }

    /// What the recipient did, as a provider would report it.
    private func react(to id: CommunicationID, _ reaction: DemoMessage.Reaction) async throws {
        let steps: [(event: String, column: SQL, minutes: Int64)]
        switch reaction {
        case .none: return
        case .delivered: steps = [("delivered", "delivered_at", 1)]
        case .opened: steps = [("delivered", "delivered_at", 1), ("opened", "opened_at", 35)]
        case .clicked: steps = [("delivered", "delivered_at", 1), ("opened", "opened_at", 35), ("clicked", "clicked_at", 37)]
        }
        try await store.database.write { [now] tx in
            guard let row = try tx.run("SELECT status, sent_at, channel FROM crm_communications WHERE communication_id = \(id)").first,
                try row.status(0) == .sent, let sentAt = try row.timeOrNil(1)
            else { return }
            let channel = try row.channel(2)
            for step in steps {
                let at = sentAt.adding(seconds: step.minutes * 60)
                // Nobody opens an SMS measurably, and nothing happens after now.
                guard at <= now, channel != .sms || step.event == "delivered" else { return }
                try tx.execute(
                    "UPDATE crm_communications SET status = \(step.event), \(step.column) = \(at) WHERE communication_id = \(id)")
                try DeliveryLog.append(step.event, id, channel: channel, at: at, provider: "sandbox", tx)
            }
        }
    }

    private func summary(_ business: BusinessID, _ bootstrap: Bootstrap?) async throws -> Summary {
        try await store.database.read { tx in
            let states = try tx.run(
                "SELECT status, COUNT(*) FROM crm_communications WHERE business_id = \(business) GROUP BY status ORDER BY status"
            ).map { (status: try $0.text(0), count: try $0.int(1)) }
            return Summary(
                clients: DemoClient.all.count, communications: states.reduce(0) { $0 + $1.count }, states: states,
                apiKey: bootstrap?.generatedKey)
        }
    }
}
