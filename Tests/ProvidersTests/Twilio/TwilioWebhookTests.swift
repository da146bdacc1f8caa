import Core
import Providers
import TestSupport
import Testing

@Suite("Twilio's webhooks")
struct TwilioWebhookTests {
    private static let sid = "SM0123456789abcdef0123456789abcdef"

    private func status(_ word: String, code: String? = nil) -> ProviderEvent? {
        var form = [("MessageSid", Self.sid), ("MessageStatus", word), ("To", "+15551230000")]
        if let code { form.append(("ErrorCode", code)) }
        return TwilioWebhook.status(form)
    }

    @Test(
        "each status word means what it means",
        arguments: [
            ("accepted", nil), ("scheduled", nil), ("queued", nil), ("sending", nil), ("sent", StatusEvent.sent), ("delivered", .delivered),
            ("read", .opened), ("undelivered", .bounced), ("failed", .bounced), ("canceled", .bounced), ("receiving", nil),
            ("received", nil), ("partially_delivered", nil), ("somethingnew", nil), ("DELIVERED", .delivered),
        ] as [(String, StatusEvent?)])
    func words(word: String, event: StatusEvent?) {
        let read = status(word)
        #expect(read?.event == event)
        #expect(read?.word == word.lowercased())
        #expect(read?.providerMessageID == Self.sid)
        #expect(read?.provider == "twilio")
        #expect((read?.failure != nil) == (event == .bounced))
    }

    @Test("an error code decides what a failure means")
    func errorCodes() {
        #expect(
            status("undelivered", code: "30005")?.failure
                == ProviderEvent.Failure(
                    category: .permanent, code: 30005, message: "the number is unknown or no longer active", consequence: .addressDead))
        #expect(status("failed", code: "21610")?.failure?.consequence == .optedOut)
        #expect(status("undelivered", code: "30003")?.failure?.category == .transient)
        #expect(status("undelivered", code: "99999")?.failure?.category == .permanent)
        #expect(status("undelivered", code: "99999")?.failure?.code == 99999)
        #expect(status("undelivered", code: "abc")?.failure?.code == nil)
        #expect(status("delivered", code: "0")?.failure == nil)
    }

    @Test("our own id comes back with the event")
    func reference() {
        let id = CommunicationID(at: Timestamp(seconds: 1_700_000_000))
        #expect(TwilioWebhook.status([("SmsSid", Self.sid), ("SmsStatus", "sent")], reference: id)?.reference == id)
    }

    @Test("a form without an id or a word is no status")
    func incomplete() {
        #expect(TwilioWebhook.status([]) == nil)
        #expect(TwilioWebhook.status([("MessageStatus", "sent")]) == nil)
        #expect(TwilioWebhook.status([("MessageSid", Self.sid)]) == nil)
        #expect(TwilioWebhook.status([("MessageSid", ""), ("MessageStatus", "sent")]) == nil)
        #expect(TwilioWebhook.status([("MessageSid", "a b"), ("MessageStatus", "sent")]) == nil)
        #expect(TwilioWebhook.status([("MessageSid", String(repeating: "x", count: 600)), ("MessageStatus", "sent")]) == nil)
        #expect(TwilioWebhook.status([("MessageSid", Self.sid), ("MessageStatus", "")]) == nil)
    }

    @Test("an incoming message is read whole")
    func inbound() {
        let message = TwilioWebhook.inbound([
            ("MessageSid", Self.sid), ("From", "+14155550100"), ("To", "+15005550006"), ("Body", "Stop\0 it"), ("NumMedia", "2"),
            ("MediaUrl0", "https://api.twilio.com/m/1"), ("MediaContentType0", "image/jpeg"), ("MediaUrl1", "https://api.twilio.com/m/2"),
            ("OptOutType", "STOP"),
        ])
        #expect(message?.channel == .sms)
        #expect(message?.from == "+14155550100")
        #expect(message?.to == "+15005550006")
        #expect(message?.text == "Stop\u{FFFD} it")
        #expect(message?.kind == "image")
        #expect(message?.handledKeyword == "STOP")
        #expect(
            message?.media == [
                InboundMessage.Media(reference: "https://api.twilio.com/m/1", contentType: "image/jpeg"),
                InboundMessage.Media(reference: "https://api.twilio.com/m/2", contentType: nil),
            ])
    }

    @Test("WhatsApp through Twilio is WhatsApp, and a button brings its payload")
    func whatsApp() {
        let message = TwilioWebhook.inbound([
            ("MessageSid", Self.sid), ("From", "whatsapp:+14155550100"), ("To", "whatsapp:+15005550006"), ("Body", ""),
            ("ButtonText", "Yes"), ("ButtonPayload", "confirm-7"), ("OriginalRepliedMessageSid", "SM1"), ("ProfileName", "Ada"),
        ])
        #expect(message?.channel == .whatsapp)
        #expect(message?.from == "+14155550100")
        #expect(message?.text == "Yes")
        #expect(message?.kind == "button")
        #expect(message?.payload == "confirm-7")
        #expect(message?.repliesTo == "SM1")
        #expect(message?.profileName == "Ada")
    }

    @Test("a form that lacks what makes a message is none, and absurd counts of media do no harm")
    func incompleteInbound() {
        #expect(TwilioWebhook.inbound([("MessageSid", Self.sid), ("From", "+1")]) == nil)
        #expect(TwilioWebhook.inbound([("From", "+1"), ("To", "+2")]) == nil)
        for count in ["-5", "999999999999", "9223372036854775807", "x", ""] {
            let message = TwilioWebhook.inbound([("MessageSid", Self.sid), ("From", "+1"), ("To", "+2"), ("NumMedia", count)])
            #expect(message?.media == [])
            #expect(message?.kind == "text")
        }
    }

    @Test("random forms are read or refused, never a trap")
    func fuzz() {
        var random = SeededGenerator(seed: 7)
        let names = [
            "MessageSid", "MessageStatus", "ErrorCode", "From", "To", "Body", "NumMedia", "MediaUrl0", "ButtonPayload", "OptOutType",
        ]
        var read = 0
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0..<80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            var form = FormEncoding.decode(bytes) ?? []
            for name in names where Bool.random(using: &random) {
                let length = Int.random(in: 0..<40, using: &random)
                let scalars = (0..<length).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x2FFF, using: &random)) }
                form.append((name, String(String.UnicodeScalarView(scalars))))
            }
            if Bool.random(using: &random) {
                form += [("MessageSid", Self.sid), ("MessageStatus", "failed"), ("ErrorCode", "\(random.next())")]
            }
            if TwilioWebhook.status(form) != nil { read += 1 }
            _ = TwilioWebhook.inbound(form)
            _ = TwilioSignature.verify(
                TwilioSignature.Presented(signature: form.first?.1, settings: form.last?.1), url: form.first?.0 ?? "", parameters: form,
                token: "t")
        }
        #expect(read > 500)
    }
}
