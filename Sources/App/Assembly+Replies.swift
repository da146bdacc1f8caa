import Communications
import Core
import Storage

extension Assembly {
    /// On WhatsApp keywords are answered by its own API, where there is an account; nil otherwise.
    static func whatsAppConfirmation(_ transports: [Channel: any Transport]) -> WhatsAppConfirmation? {
        (transports[.whatsapp] as? WhatsAppTransport).map { WhatsAppConfirmation(client: $0.client) }
    }

    /// Takes what clients answer.
    static func replyIntake(
        _ settings: Settings, _ confirmation: WhatsAppConfirmation?, _ store: Store, _ clock: WallClock, _ orchestrator: Orchestrator
    ) -> ReplyIntake {
        var confirm: ReplyIntake.Confirm?
        if let confirmation { confirm = { message, text in confirmation.post(text, to: message) } }
        return ReplyIntake(
            database: store.database, cipher: store.cipher, clock: clock, orchestrator: orchestrator,
            optOutReplies: settings.optOutReplies, confirm: confirm)
    }
}
