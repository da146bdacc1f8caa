import Web

extension Settings {
    /// By what the providers' webhooks are known to be theirs.
    var webhookKeys: WebhookKeys {
        WebhookKeys(
            twilio: twilio.map { WebhookKeys.Twilio(account: $0.account, token: $0.token, sharedKeys: $0.webhookKeys) },
            whatsApp: whatsapp.map {
                WebhookKeys.WhatsApp(appSecret: $0.appSecret, verifyToken: $0.verifyToken, phoneNumberID: $0.phoneNumberID)
            })
    }
}
