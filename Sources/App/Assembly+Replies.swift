import Communications
import Core
import Storage

extension Assembly {
    /// Takes what clients answer. On WhatsApp keywords are answered by its own API, where there is an account.
    static func replyIntake(
        _ settings: Settings, _ transports: [Channel: any Transport], _ store: Store, _ clock: WallClock, _ orchestrator: Orchestrator
    ) -> ReplyIntake {
        var confirm: ReplyIntake.Confirm?
        if let whatsApp = transports[.whatsapp] as? WhatsAppTransport {
            let confirmation = WhatsAppConfirmation(client: whatsApp.client)
            confirm = { message, text in await confirmation.begin(message, text) }
        }
        return ReplyIntake(
            database: store.database, cipher: store.cipher, clock: clock, orchestrator: orchestrator,
            optOutReplies: settings.optOutReplies, confirm: confirm)
    }
}
