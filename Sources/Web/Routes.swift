import Core

/// The table of contents: every route of the server and where its code lives.
///
/// `get` reads; `put`, `post` and `delete` also take care of `Idempotency-Key`. The permission is what the credential must be allowed.
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
        clientPages(parts, &table)
        return table
    }

    private static func communications(_ parts: WebParts, _ table: inout RouteTable) {
        let fields = CommunicationFields(isTimeZone: parts.isTimeZone)
        let communications = CommunicationsAPI(database: parts.database, orchestrator: parts.orchestrator, fields: fields)
        // Its Idempotency-Key is stored in the transaction that stores the message.
        table.postUnguarded(.communications, .writeCommunications, body: .withAttachments, communications.submit)
        table.get(.communications, .readCommunications, communications.list)
        table.get(.communication, .readCommunications, communications.show)
        table.post(.communicationCancel, .writeCommunications, body: .optional, communications.cancel)
        table.post(.communicationRetry, .writeCommunications, body: .optional, communications.retry)
        let batch = CommunicationBatchAPI(orchestrator: parts.orchestrator, fields: fields)
        table.post(.communicationBatch, .writeCommunications, body: .withAttachments, batch.submit)
        table.get(.clientTimeline, .readCommunications, TimelineAPI(database: parts.database, cipher: parts.cipher).list)

        let workflow = WorkflowAPI(database: parts.database, orchestrator: parts.orchestrator, fields: fields)
        table.post(.workflowEvents, .writeCommunications, workflow.event)
        table.get(.workflowPlan, .readCommunications, workflow.plan)
    }

    private static func replies(_ parts: WebParts, _ table: inout RouteTable) {
        let replies = RepliesAPI(database: parts.database, cipher: parts.cipher, intake: parts.replies)
        table.get(.replies, .readReplies, replies.list)
        table.post(.replies, .writeReplies, replies.submit)
        table.get(.reply, .readReplies, replies.show)
        table.post(.replyResolve, .writeReplies, body: .optional, replies.resolve)
        let patterns = ReplyPatternsAPI(database: parts.database)
        table.get(.replyPatterns, .readTemplates, patterns.show)
        table.put(.replyPatterns, .writeTemplates, patterns.put)
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
        table.get(.business, .readSettings, business.show)
        table.put(.business, .writeSettings, business.put)

        let clients = ClientsAPI(
            database: parts.database, cipher: parts.cipher, orchestrator: parts.orchestrator,
            fields: ClientRecordFields(isTimeZone: parts.isTimeZone))
        table.get(.clients, .readClients, clients.list)
        table.get(.client, .readClients, clients.show)
        table.put(.client, .writeClients, clients.put)
        table.delete(.client, .eraseClients, clients.erase)
        table.get(.clientExport, .exportClients, ClientExportAPI(database: parts.database, cipher: parts.cipher).export)

        let preferences = PreferencesAPI(
            database: parts.database, orchestrator: parts.orchestrator, preferences: parts.preferences, isTimeZone: parts.isTimeZone)
        table.post(.preferences, .writePreferences, preferences.update)
        table.get(.clientPreferences, .readPreferences, preferences.show)
        table.delete(.clientPreferences, .writePreferences, preferences.delete)

        let types = MessageTypesAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.messageTypes, .readTemplates, types.list)
        table.get(.messageType, .readTemplates, types.show)
        table.put(.messageType, .writeTemplates, types.put)

        let templates = TemplatesAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.templates, .readTemplates, templates.list)
        table.get(.template, .readTemplates, templates.show)
        table.put(.template, .writeTemplates, templates.put)
        table.get(.templateVersions, .readTemplates, templates.versions)
        table.post(.templateActivate, .writeTemplates, body: .optional, templates.activate)
        table.postUnguarded(.templatePreview, .readTemplates, body: .ordinary, templates.preview)
    }

    /// Events for the business's own endpoints.
    private static func events(_ parts: WebParts, _ table: inout RouteTable) {
        let endpoints = WebhookEndpointsAPI(
            database: parts.database, cipher: parts.cipher, clock: parts.clock,
            fields: WebhookEndpointFields(allowsPrivateNetworks: parts.allowsPrivateWebhooks))
        table.post(.webhookEndpoints, .writeWebhooks, endpoints.create)
        table.get(.webhookEndpoints, .readWebhooks, endpoints.list)
        table.get(.webhookEndpoint, .readWebhooks, endpoints.show)
        table.put(.webhookEndpoint, .writeWebhooks, endpoints.change)
        table.delete(.webhookEndpoint, .writeWebhooks, endpoints.delete)
        table.get(.webhookEndpointSecret, .readWebhooks, endpoints.secret)
        table.post(.webhookEndpointRotateSecret, .writeWebhooks, body: .optional, endpoints.rotateSecret)
        table.post(.webhookEndpointEnable, .writeWebhooks, body: .optional, endpoints.enable)
        table.post(.webhookEndpointDisable, .writeWebhooks, body: .optional, endpoints.disable)

        let deliveries = WebhookDeliveriesAPI(database: parts.database)
        table.post(.webhookEndpointTest, .writeWebhooks, body: .optional, deliveries.test)
        table.get(.webhookEndpointDeliveries, .readWebhooks, deliveries.list)
        table.post(.webhookEndpointRetry, .writeWebhooks, body: .optional, deliveries.retry)
        table.post(.webhookEndpointReplay, .writeWebhooks, deliveries.replay)
    }

    /// What WhatsApp messages are made from outside the 24-hour window.
    private static func whatsApp(_ parts: WebParts, _ table: inout RouteTable) {
        let mappings = WhatsAppMappingsAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.whatsAppMappings, .readTemplates, mappings.list)
        table.get(.whatsAppMapping, .readTemplates, mappings.show)
        table.put(.whatsAppMapping, .writeTemplates, mappings.put)
        table.delete(.whatsAppMapping, .writeTemplates, mappings.delete)
        let templates = WhatsAppTemplatesAPI(database: parts.database, sync: parts.whatsAppTemplates)
        table.get(.whatsAppTemplates, .readTemplates, templates.list)
        table.post(.whatsAppTemplateSync, .writeTemplates, body: .optional, templates.synchronise)
    }

    private static func operations(_ parts: WebParts, _ table: inout RouteTable) {
        let operations = OperationsAPI(readiness: parts.readiness, metrics: parts.metrics)
        table.openGet(.health, operations.health)
        table.openGet(.readiness, operations.ready)
        table.openGet(.metrics, operations.metricsText)
        table.openGet(.openAPI, operations.openAPI)
        table.get(.cacheStatistics, .readOperations, CacheAPI(cache: parts.cache, isEnabled: parts.isCachingEnabled).statistics)
    }

    /// What staff see of clients.
    private static func clientPages(_ parts: WebParts, _ table: inout RouteTable) {
        table.page(.clientsPage, .readClients, ClientsPage(database: parts.database, cipher: parts.cipher).list)
        let client = ClientPage(
            database: parts.database, cipher: parts.cipher, orchestrator: parts.orchestrator, isTimeZone: parts.isTimeZone)
        table.page(.clientPage, .readClients, client.show)
        table.pageForm(.clientPagePreferences, .writePreferences, client.savePreferences)
        table.openGet(.preferencesScript) { _ in Script.answer("pages/preferences.js") }
    }

    private static func pages(_ parts: WebParts, _ gate: Gatekeeper, _ table: inout RouteTable) {
        table.openGet(.landing, LandingPage.show)
        table.openGet(.stylesheet, Stylesheet.show)
        let signIn = SignInPage(signIn: parts.signIn, keys: gate.keys, sessions: gate.sessions, database: parts.database)
        table.openGet(.signIn, signIn.show)
        table.openPageForm(.signIn, signIn.submit)
        table.openPageForm(.signInCode, signIn.submitCode)
        table.pageForm(.signOut, nil, signIn.signOut)
        table.pageForm(.switchBusiness, nil, signIn.switchBusiness)
        // Where these stood before there were accounts.
        table.openGet(.sandboxSignIn, signIn.show)
        table.openPageForm(.sandboxSignIn, signIn.submit)
        table.pageForm(.sandboxSignOut, nil, signIn.signOut)
        let sandbox = SandboxPage(database: parts.database, cipher: parts.cipher)
        table.page(.sandbox, .readCommunications, sandbox.list)
        table.page(.sandboxMessage, .readCommunications, sandbox.show)
        table.page(.sandboxMessageHTML, .readCommunications, sandbox.html)
    }
}
