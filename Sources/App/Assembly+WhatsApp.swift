import Communications
import Core
import Logging
import Providers
import Storage

extension Assembly {
    /// Keeps the account's templates where there is an account to ask; nil otherwise.
    static func templateSync(
        _ transports: [Channel: any Transport], _ store: Store, _ clock: WallClock, _ composer: WhatsAppComposer
    ) -> WhatsAppTemplateSync? {
        guard let client = (transports[.whatsapp] as? WhatsAppTransport)?.client, client.listsTemplates else { return nil }
        return WhatsAppTemplateSync(
            database: store.database, clock: clock, logger: Logger(label: "rapport.whatsapp"), composer: composer,
            list: { try await client.templates() })
    }
}
