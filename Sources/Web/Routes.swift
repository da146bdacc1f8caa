/// The table of contents: every route of the server and where its code lives.
///
/// `get` reads; `put`, `post` and `delete` also take care of `Idempotency-Key`.
enum Routes {
    static func table(_ parts: WebParts, gate: Gatekeeper) -> RouteTable {
        var table = RouteTable()
        communications(parts, &table)
        replies(parts, &table)
        webhooks(parts, &table)
        records(parts, &table)
        events(parts, &table)
        whatsApp(parts, &table)
        operations(parts, &table)
        pages(parts, gate, &table)
        return table
    }

    private static func communications(_ parts: WebParts, _ table: inout RouteTable) {
        let fields = CommunicationFields(isTimeZone: parts.isTimeZone)
        let communications = CommunicationsAPI(database: parts.database, orchestrator: parts.orchestrator, fields: fields)
        // Its Idempotency-Key is stored in the transaction that stores the message.
        table.postUnguarded(.communications, body: .withAttachments, communications.submit)
        table.get(.communications, communications.list)
        table.get(.communication, communications.show)
        table.post(.communicationCancel, body: .optional, communications.cancel)
        table.post(.communicationRetry, body: .optional, communications.retry)
        let batch = CommunicationBatchAPI(orchestrator: parts.orchestrator, fields: fields)
        table.post(.communicationBatch, body: .withAttachments, batch.submit)
        table.get(.clientTimeline, TimelineAPI(database: parts.database, cipher: parts.cipher).list)

        let workflow = WorkflowAPI(database: parts.database, orchestrator: parts.orchestrator, fields: fields)
        table.post(.workflowEvents, workflow.event)
        table.get(.workflowPlan, workflow.plan)
    }

    private static func replies(_ parts: WebParts, _ table: inout RouteTable) {
        let replies = RepliesAPI(database: parts.database, cipher: parts.cipher, intake: parts.replies)
        table.get(.replies, replies.list)
        table.post(.replies, replies.submit)
        table.get(.reply, replies.show)
        table.post(.replyResolve, body: .optional, replies.resolve)
        let patterns = ReplyPatternsAPI(database: parts.database)
        table.get(.replyPatterns, patterns.show)
        table.put(.replyPatterns, patterns.put)
    }

    /// What providers tell us. Everybody may call them; only their signatures are believed.
    private static func webhooks(_ parts: WebParts, _ table: inout RouteTable) {
        let twilio = TwilioWebhooksAPI(parts)
        table.openRaw(.twilioStatus, limit: 1 << 20, twilio.status)
        table.openRaw(.twilioInbound, limit: 1 << 20, twilio.inbound)
        let whatsApp = WhatsAppWebhooksAPI(parts)
        table.openGet(.whatsAppWebhook, whatsApp.verify)
        // One request may batch many messages.
        table.openRaw(.whatsAppWebhook, limit: 4 << 20, whatsApp.receive)
    }

    /// Business, clients, preferences, message types, templates.
    private static func records(_ parts: WebParts, _ table: inout RouteTable) {
        let business = BusinessAPI(database: parts.database, orchestrator: parts.orchestrator, isTimeZone: parts.isTimeZone)
        table.get(.business, business.show)
        table.put(.business, business.put)

        let clients = ClientsAPI(
            database: parts.database, cipher: parts.cipher, orchestrator: parts.orchestrator,
            fields: ClientRecordFields(isTimeZone: parts.isTimeZone))
        table.get(.clients, clients.list)
        table.get(.client, clients.show)
        table.put(.client, clients.put)
        table.delete(.client, clients.erase)
        table.get(.clientExport, ClientExportAPI(database: parts.database, cipher: parts.cipher).export)

        let preferences = PreferencesAPI(
            database: parts.database, orchestrator: parts.orchestrator, preferences: parts.preferences, isTimeZone: parts.isTimeZone)
        table.post(.preferences, preferences.update)
        table.get(.clientPreferences, preferences.show)
        table.delete(.clientPreferences, preferences.delete)

        let types = MessageTypesAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.messageTypes, types.list)
        table.get(.messageType, types.show)
        table.put(.messageType, types.put)

        let templates = TemplatesAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.templates, templates.list)
        table.get(.template, templates.show)
        table.put(.template, templates.put)
        table.get(.templateVersions, templates.versions)
        table.post(.templateActivate, body: .optional, templates.activate)
        table.postUnguarded(.templatePreview, body: .ordinary, templates.preview)
    }

    /// Events for the business's own endpoints.
    private static func events(_ parts: WebParts, _ table: inout RouteTable) {
        let endpoints = WebhookEndpointsAPI(
            database: parts.database, cipher: parts.cipher, clock: parts.clock,
            fields: WebhookEndpointFields(allowsPrivateNetworks: parts.allowsPrivateWebhooks))
        table.post(.webhookEndpoints, endpoints.create)
        table.get(.webhookEndpoints, endpoints.list)
        table.get(.webhookEndpoint, endpoints.show)
        table.put(.webhookEndpoint, endpoints.change)
        table.delete(.webhookEndpoint, endpoints.delete)
        table.get(.webhookEndpointSecret, endpoints.secret)
        table.post(.webhookEndpointRotateSecret, body: .optional, endpoints.rotateSecret)
        table.post(.webhookEndpointEnable, body: .optional, endpoints.enable)
        table.post(.webhookEndpointDisable, body: .optional, endpoints.disable)

        let deliveries = WebhookDeliveriesAPI(database: parts.database)
        table.post(.webhookEndpointTest, body: .optional, deliveries.test)
        table.get(.webhookEndpointDeliveries, deliveries.list)
        table.post(.webhookEndpointRetry, body: .optional, deliveries.retry)
        table.post(.webhookEndpointReplay, deliveries.replay)
    }

    /// What WhatsApp messages are made from outside the 24-hour window.
    private static func whatsApp(_ parts: WebParts, _ table: inout RouteTable) {
        let mappings = WhatsAppMappingsAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.whatsAppMappings, mappings.list)
        table.get(.whatsAppMapping, mappings.show)
        table.put(.whatsAppMapping, mappings.put)
        table.delete(.whatsAppMapping, mappings.delete)
        let templates = WhatsAppTemplatesAPI(database: parts.database, sync: parts.whatsAppTemplates)
        table.get(.whatsAppTemplates, templates.list)
        table.post(.whatsAppTemplateSync, body: .optional, templates.synchronise)
    }

    private static func operations(_ parts: WebParts, _ table: inout RouteTable) {
        let operations = OperationsAPI(readiness: parts.readiness, metrics: parts.metrics)
        table.openGet(.health, operations.health)
        table.openGet(.readiness, operations.ready)
        table.openGet(.metrics, operations.metricsText)
        table.openGet(.openAPI, operations.openAPI)
        table.get(.cacheStatistics, CacheAPI(cache: parts.cache, isEnabled: parts.isCachingEnabled).statistics)
    }

    private static func pages(_ parts: WebParts, _ gate: Gatekeeper, _ table: inout RouteTable) {
        table.openGet(.landing, LandingPage.show)
        table.openGet(.stylesheet, Stylesheet.show)
        let signIn = SignInPage(keys: gate.keys, sessions: gate.sessions)
        table.openGet(.sandboxSignIn, signIn.show)
        table.openForm(.sandboxSignIn, signIn.signIn)
        table.openForm(.sandboxSignOut, signIn.signOut)
        let sandbox = SandboxPage(database: parts.database, cipher: parts.cipher)
        table.page(.sandbox, sandbox.list)
        table.page(.sandboxMessage, sandbox.show)
        table.page(.sandboxMessageHTML, sandbox.html)
    }
}
