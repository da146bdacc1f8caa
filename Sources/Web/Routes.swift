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
        suppressions(parts, &table)
        records(parts, &table)
        privacy(parts, &table)
        events(parts, &table)
        whatsApp(parts, &table)
        ledgers(parts, &table)
        consent(parts, &table)
        operations(parts, &table)
        access(parts, gate, &table)
        accounts(parts, &table)
        pages(parts, gate, &table)
        publicPages(parts, &table)
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
        let mail = MailWebhooksAPI(parts)
        table.openRaw(.sesWebhook, limit: 1 << 20, mail.ses)
        // One request may batch many events.
        table.openRaw(.sendGridWebhook, limit: 4 << 20, mail.sendGrid)
        table.openRaw(.mailgunWebhook, limit: 1 << 20, mail.mailgun)
        table.openRaw(.postmarkWebhook, limit: 1 << 20, mail.postmark)
    }

    /// Addresses that nothing goes to.
    private static func suppressions(_ parts: WebParts, _ table: inout RouteTable) {
        let suppressions = SuppressionsAPI(database: parts.database, cipher: parts.cipher, orchestrator: parts.orchestrator)
        table.get(.suppressions, .readSuppressions, suppressions.list)
        table.post(.suppressions, .writeSuppressions, suppressions.create)
        table.get(.suppression, .readSuppressions, suppressions.show)
        table.delete(.suppression, .overrideSuppressions, body: .ordinary, suppressions.override)
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

        let preferences = PreferencesAPI(
            database: parts.database, orchestrator: parts.orchestrator, preferences: parts.preferences,
            intake: parts.preferencesIntake, isTimeZone: parts.isTimeZone)
        table.post(.preferences, .writePreferences, preferences.update)
        table.get(.clientPreferences, .readPreferences, preferences.show)
        table.delete(.clientPreferences, .writePreferences, preferences.delete)

        let types = MessageTypesAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.messageTypes, .readTemplates, types.list)
        table.get(.messageType, .readTemplates, types.show)
        table.put(.messageType, .writeTemplates, types.put)

        let templates = TemplatesAPI(database: parts.database, orchestrator: parts.orchestrator, baseURL: parts.baseURL)
        table.get(.templates, .readTemplates, templates.list)
        table.get(.template, .readTemplates, templates.show)
        table.put(.template, .writeTemplates, templates.put)
        table.get(.templateVersions, .readTemplates, templates.versions)
        table.post(.templateActivate, .writeTemplates, body: .optional, templates.activate)
        table.postUnguarded(.templatePreview, .readTemplates, body: .ordinary, templates.preview)
    }

    /// What a person may ask for: everything that is held on them, its end, and who has looked at it.
    private static func privacy(_ parts: WebParts, _ table: inout RouteTable) {
        let erasures = ErasuresAPI(database: parts.database, cipher: parts.cipher, erasures: parts.erasures)
        table.delete(.client, .eraseClients, erasures.erase)
        table.get(.erasures, .eraseClients, erasures.list)
        table.get(.erasure, .eraseClients, erasures.show)
        table.post(.erasureCancel, .eraseClients, body: .optional, erasures.cancel)
        table.get(
            .clientExport, .exportClients, ClientExportAPI(database: parts.database, cipher: parts.cipher, log: parts.accessLog).export)
        table.get(.clientAccessLog, .readAudit, AccessLogAPI(database: parts.database, log: parts.accessLog).list)
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

    /// Who changed what, and who agreed to what.
    private static func ledgers(_ parts: WebParts, _ table: inout RouteTable) {
        let audit = AuditAPI(database: parts.database)
        table.get(.audit, .readAudit, audit.list)
        table.get(.auditExport, .readAudit, audit.export)
        let consent = ConsentHistoryAPI(database: parts.database)
        table.get(.consentHistory, .readAudit, consent.list)
        table.get(.consentProof, .readAudit, consent.proof)
    }

    /// What clients agreed to, and what they may refuse by itself.
    private static func consent(_ parts: WebParts, _ table: inout RouteTable) {
        let topics = TopicsAPI(database: parts.database, orchestrator: parts.orchestrator)
        table.get(.topics, .readTemplates, topics.show)
        table.put(.topics, .writeTemplates, topics.put)
        let imports = ClientImportsAPI(
            database: parts.database, cipher: parts.cipher, clock: parts.clock, orchestrator: parts.orchestrator,
            isTimeZone: parts.isTimeZone)
        // Reads its body by itself, as it arrives.
        table.postUnguarded(.clientImport, .writeClients, body: .none, imports.take)
        table.get(.clientImportRecord, .readClients, imports.show)
        table.get(.clientImportErrors, .readClients, imports.errors)
        table.post(.consent, .writePreferences, ConsentAPI(desk: parts.consent).state)
    }

    private static func operations(_ parts: WebParts, _ table: inout RouteTable) {
        let operations = OperationsAPI(readiness: parts.readiness, metrics: parts.metrics)
        table.openGet(.health, operations.health)
        table.openGet(.readiness, operations.ready)
        table.openGet(.metrics, operations.metricsText)
        table.openGet(.openAPI, operations.openAPI)
        table.get(.cacheStatistics, .readOperations, CacheAPI(cache: parts.cache, isEnabled: parts.isCachingEnabled).statistics)
        let keys = KeyRotationAPI(database: parts.database, rotator: parts.keyRotator)
        table.get(.keyRotation, .readOperations, keys.show)
        table.post(.keyRotation, .writeOperations, body: .optional, keys.begin)
    }

    /// Who may call.
    private static func access(_ parts: WebParts, _ gate: Gatekeeper, _ table: inout RouteTable) {
        let keys = APIKeysAPI(database: parts.database, clock: parts.clock, keys: parts.keys)
        let security = SecurityText(clock: parts.clock, baseURL: parts.baseURL, contact: parts.securityContact)
        table.openGet(.securityText, security.show)
        let tokens = TokensAPI(database: parts.database, tokens: gate.tokens, signIn: parts.signIn)
        table.openPost(.token, limit: 16_384, tokens.issue)
        table.openPost(.tokenRevocation, limit: 2 * CompactJWS.longest, tokens.revoke)
        table.get(.apiKeys, .readAccounts, keys.list)
        table.post(.apiKeys, .writeAccounts, keys.create)
        table.delete(.apiKey, .writeAccounts, keys.revoke)
    }

    /// The people of a business.
    private static func accounts(_ parts: WebParts, _ table: inout RouteTable) {
        let users = UsersAPI(database: parts.database, actions: parts.memberActions)
        table.get(.users, .readAccounts, users.list)
        table.get(.user, .readAccounts, users.show)
        table.put(.user, .writeAccounts, users.change)
        table.delete(.user, .writeAccounts, users.remove)
        table.post(.userPasswordReset, .writeAccounts, body: .optional, users.resetPassword)
        let invitations = InvitationsAPI(database: parts.database, actions: parts.memberActions)
        table.get(.invitations, .readAccounts, invitations.list)
        table.post(.invitations, .writeAccounts, invitations.create)
        table.delete(.invitation, .writeAccounts, invitations.revoke)
    }

    private static func accountPages(_ parts: WebParts, _ gate: Gatekeeper, _ table: inout RouteTable) {
        let account = AccountPage(
            database: parts.database, signIn: parts.signIn, hasher: parts.hasher, sessions: parts.sessions, mail: parts.staffMail,
            baseURL: parts.baseURL)
        table.page(.accountPage, nil, account.show)
        table.pageForm(.accountName, nil, account.changeName)
        table.pageForm(.accountPassword, nil, account.changePassword)
        table.pageForm(.accountTOTP, nil, account.beginTOTP)
        table.pageForm(.accountTOTPConfirm, nil, account.confirmTOTP)
        table.pageForm(.accountTOTPDisable, nil, account.disableTOTP)
        table.pageForm(.accountRecoveryCodes, nil, account.renewRecoveryCodes)
        table.pageForm(.accountEndSession, nil, account.endSession)

        let users = UsersPage(database: parts.database, actions: parts.memberActions)
        table.page(.usersPage, .readAccounts, users.show)
        table.pageForm(.usersPageInvite, .writeAccounts, users.invite)
        table.pageForm(.usersPageRole, .writeAccounts, users.changeRole)
        table.pageForm(.usersPageAccess, .writeAccounts, users.changeAccess)
        table.pageForm(.usersPageReset, .writeAccounts, users.reset)
        table.pageForm(.usersPageRemove, .writeAccounts, users.remove)
        table.pageForm(.usersPageRevoke, .writeAccounts, users.revoke)

        let invitation = InvitationPage(database: parts.database, hasher: parts.hasher, sessions: parts.sessions, gate: gate)
        table.openPage(.invitationPage, invitation.show)
        table.openPageForm(.invitationPage, invitation.accept)
        let reset = ResetPage(database: parts.database, hasher: parts.hasher, resets: parts.passwordResets, mail: parts.staffMail)
        table.openPage(.reset, reset.show)
        table.openPageForm(.reset, reset.ask)
        table.openPage(.resetPage, reset.open)
        table.openPageForm(.resetPage, reset.change)
    }

    /// What staff see of clients.
    private static func clientPages(_ parts: WebParts, _ table: inout RouteTable) {
        table.page(.clientsPage, .readClients, ClientsPage(database: parts.database, cipher: parts.cipher).list)
        let client = ClientPage(
            database: parts.database, cipher: parts.cipher, orchestrator: parts.orchestrator, isTimeZone: parts.isTimeZone)
        table.page(.clientPage, .readClients, client.show)
        table.pageForm(.clientPagePreferences, .writePreferences, client.savePreferences)
        table.page(.auditPage, .readAudit, AuditPage(database: parts.database).list)
        table.openGet(.staffPreferencesScript) { _ in Script.answer("pages/staff-preferences.js") }
    }

    private static func pages(_ parts: WebParts, _ gate: Gatekeeper, _ table: inout RouteTable) {
        table.openGet(.landing, LandingPage.show)
        table.openGet(.stylesheet, Stylesheet.show)
        table.openGet(.icon, Stylesheet.showIcon)
        let signIn = SignInPage(
            signIn: parts.signIn, keys: gate.keys, sessions: gate.sessions, database: parts.database, limits: gate.limits,
            provider: parts.oidc?.configuration.name)
        let oidc = OIDCPage(
            provider: parts.oidc, database: parts.database, cipher: parts.cipher, clock: parts.clock, sessions: gate.sessions,
            limits: gate.limits)
        table.openPage(.oidc, oidc.begin)
        table.openPage(.oidcCallback, oidc.callback)
        table.openPage(.signIn, signIn.show)
        table.openPageForm(.signIn, signIn.submit)
        table.openPageForm(.signInCode, signIn.submitCode)
        table.pageForm(.signOut, nil, signIn.signOut)
        table.pageForm(.switchBusiness, nil, signIn.switchBusiness)
        // Where these stood before there were accounts.
        table.openPage(.sandboxSignIn, signIn.show)
        table.openPageForm(.sandboxSignIn, signIn.submit)
        table.pageForm(.sandboxSignOut, nil, signIn.signOut)
        accountPages(parts, gate, &table)
        let sandbox = SandboxPage(database: parts.database, cipher: parts.cipher)
        table.page(.sandbox, .readCommunications, sandbox.list)
        table.page(.sandboxMessage, .readCommunications, sandbox.show)
        table.page(.sandboxMessageHTML, .readCommunications, sandbox.html)
    }

    /// For clients, who have a signed link and nothing else.
    private static func publicPages(_ parts: WebParts, _ table: inout RouteTable) {
        table.openGet(.publicStylesheet, Stylesheet.showPublic)
        table.openGet(.preferencesScript, Stylesheet.showPreferencesScript)
        let access = LinkAccess(parts)
        let unsubscribe = UnsubscribePage(parts, access)
        table.openGet(.unsubscribeLink, unsubscribe.show)
        // Mail programs may send it as multipart/form-data.
        table.openRaw(.unsubscribeLink, limit: 16_384, unsubscribe.act)
        let confirmation = ConfirmPage(parts, access)
        table.openGet(.confirmConsent, confirmation.show)
        table.openForm(.confirmConsent, confirmation.confirm)
        let preferences = PreferencesPage(parts, access)
        table.openGet(.preferencesLink, preferences.show)
        table.openForm(.preferencesLink, limit: 32_768, preferences.save)
        table.openForm(.preferencesRenewal, LinkRenewal(parts, access).renew)
        table.post(
            .clientLinksRevoke, .writeClients, body: .optional, ClientLinksAPI(database: parts.database).revoke)
    }
}
