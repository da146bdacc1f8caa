import Core
import Logging
import Storage
import TestSupport
import Testing

@testable import Communications

extension World {
    /// The client wrote to us so many seconds ago.
    func heard(from number: String = "+14155550100", secondsAgo: Int64 = 0) async throws {
        let (hash, at, business) = (cipher.lookupHash(number, business: business), now.adding(seconds: -secondsAgo), business)
        try await store.database.write { tx in try tx.noteWhatsAppInbound(phoneHash: hash, business: business, client: nil, at: at) }
    }

    func putMapping(_ json: String, for type: String = "reminder") async throws {
        var reader = try FieldReader(JSONDocument(parsing: Array(json.utf8)).root)
        let mapping = WhatsAppMapping(messageType: type, template: WhatsAppMappingFields.read(&reader))
        try reader.finish()
        let business = business
        _ = try await store.database.write { tx in try tx.putWhatsAppMapping(mapping, business: business) }
        first.orchestrator.settingsChanged(business: business)
    }

    /// The account's templates are these.
    func putAccountTemplates(_ templates: WhatsAppTemplate...) async throws {
        let sync = WhatsAppTemplateSync(
            database: store.database, clock: clock.wallClock, logger: .init(label: "test"), composer: first.engine.composer.whatsApp,
            list: { templates })
        try await sync.runOnce()
    }

    /// The members of a dry run's preview.
    func preview(_ request: CommunicationRequest) async throws -> JSONView {
        let answer = try await first.orchestrator.preview(request, business: business)
        return try #require(try JSONDocument(parsing: answer).root["metadata"]?["preview"])
    }
}

extension WhatsAppTemplate {
    static func orderUpdate(_ status: String = "APPROVED", language: String = "en", body: String = "Hi {{1}}, about plan {{2}}.")
        -> WhatsAppTemplate
    {
        WhatsAppTemplate(
            name: "order_update", language: language, status: status, category: "UTILITY",
            components: Array(#"[{"type":"BODY","text":"\#(body)"}]"#.utf8))
    }
}
