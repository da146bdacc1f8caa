import Core
import Crypto
import Foundation
import TestSupport
import Testing

@testable import Providers

@Suite("What mail providers tell")
struct MailWebhookParsingTests {
    private static let id = "0192f1aa-0000-7000-8000-000000000001"
    private static let messageID = "<\(id).email@bloom.example>"

    private func kinds(_ events: [MailEvent]?) -> [String] {
        (events ?? []).map { event in
            switch event.kind {
            case .bounced(let kind): "bounced \(kind.rawValue)"
            case .complained(let kind): "complained \(kind.rawValue)"
            default: "\(event.kind)"
            }
        }
    }

    private func ses(_ type: String, _ rest: String, eventKey: String = "notificationType") -> [MailEvent]? {
        SESNotification.events(
            #"{"\#(eventKey)":"\#(type)","mail":{"messageId":"ses-1","source":"bounce+t@bounce.example.org","commonHeaders":{"messageId":"\#(Self.messageID)"}},\#(rest)}"#
        )
    }

    @Test("SES: bounces by type, complaints, deliveries")
    func sesKinds() {
        func bounce(_ type: String, _ subtype: String, _ code: String = "smtp; 550 5.1.1 user unknown", _ status: String = "5.1.1")
            -> [String]
        {
            kinds(
                ses(
                    "Bounce",
                    #""bounce":{"bounceType":"\#(type)","bounceSubType":"\#(subtype)","timestamp":"2026-11-21T10:00:00.000Z","bouncedRecipients":[{"emailAddress":"ada@example.org","status":"\#(status)","diagnosticCode":"\#(code)"}]}"#
                ))
        }
        #expect(bounce("Permanent", "General") == ["bounced hard"])
        #expect(bounce("Permanent", "Suppressed", "Amazon SES did not send", "5.1.1") == ["bounced hard"])
        #expect(bounce("Permanent", "General", "smtp; 554 5.7.1 spam", "5.7.1") == ["bounced refused"])
        #expect(bounce("Transient", "MailboxFull") == ["bounced soft"])
        #expect(bounce("Transient", "ContentRejected") == ["bounced refused"])
        #expect(bounce("Undetermined", "Undetermined", "", "") == ["bounced soft"])
        #expect(
            kinds(ses("Complaint", #""complaint":{"complaintFeedbackType":"abuse","complainedRecipients":[{"emailAddress":"a@b.c"}]}"#))
                == ["complained abuse"])
        #expect(kinds(ses("Complaint", #""complaint":{}"#)) == ["complained abuse"])
        #expect(kinds(ses("Complaint", #""complaint":{"complaintFeedbackType":"not-spam"}"#)) == ["complained not-spam"])
        #expect(kinds(ses("Delivery", #""delivery":{"timestamp":"2026-11-21T10:00:00.000Z"}"#, eventKey: "eventType")) == ["delivered"])
        #expect(kinds(ses("Reject", #""reject":{"reason":"Bad content"}"#, eventKey: "eventType")) == ["bounced refused"])
        #expect(ses("Send", #""send":{}"#, eventKey: "eventType") == [])
        #expect(SESNotification.events("{}") == nil && SESNotification.events("[1") == nil)
        let event = ses("Delivery", #""delivery":{"timestamp":"2026-11-21T10:00:00.000Z"}"#)?.first
        #expect(
            event?.communication?.description == Self.id && event?.messageID == "ses-1" && event?.at?.rfc3339 == "2026-11-21T10:00:00.000Z"
                || event?.at != nil)
    }

    @Test("SendGrid: every event of a list by itself")
    func sendGrid() throws {
        let items = [
            #"{"event":"processed"}"#, #"{"event":"delivered","timestamp":1795255200}"#,
            #"{"event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 user unknown"}"#,
            #"{"event":"bounce","type":"blocked","status":"5.7.1","reason":"554 5.7.1 spam"}"#,
            #"{"event":"bounce","type":"bounce","status":"4.2.2","reason":"452 mailbox full"}"#, #"{"event":"deferred"}"#,
            #"{"event":"dropped","reason":"Bounced Address"}"#, #"{"event":"dropped","reason":"Unsubscribed Address"}"#,
            #"{"event":"spamreport"}"#,
            #"{"event":"unsubscribe"}"#, #"{"event":"novelty"}"#, "7",
        ].map {
            $0.replacingOccurrences(
                of: "{", with: #"{"smtp-id":"\#(Self.messageID)","email":"ada@example.org","sg_message_id":"abc.filter-1","#)
        }
        let (events, unknown) = try #require(SendGridWebhook.events(Array("[\(items.joined(separator: ","))]".utf8)))
        #expect(
            kinds(events) == [
                "delivered", "bounced hard", "bounced refused", "bounced soft", "delayed", "bounced hard", "bounced refused",
                "complained abuse",
                "unsubscribed",
            ])
        #expect(unknown == ["novelty", "malformed"])
        #expect(
            events.allSatisfy { $0.communication?.description == Self.id && $0.messageID == "abc" && $0.addresses == ["ada@example.org"] })
        #expect(SendGridWebhook.events(Array("{}".utf8)) == nil)
    }

    @Test("SendGrid's signature is over the timestamp and the body")
    func sendGridSignature() throws {
        let key = P256.Signing.PrivateKey()
        let check = try #require(SendGridSignature(key: key.publicKey.derRepresentation.base64EncodedString()))
        let body = Array("[{}]".utf8)
        let signature = try key.signature(for: Data("1600112502".utf8) + body).derRepresentation.base64EncodedString()
        #expect(check.verify(signature: signature, timestamp: "1600112502", body: body))
        #expect(!check.verify(signature: signature, timestamp: "1600112503", body: body))
        #expect(!check.verify(signature: signature, timestamp: "1600112502", body: body + [32]))
        #expect(
            !check.verify(signature: nil, timestamp: "1600112502", body: body)
                && !check.verify(signature: signature, timestamp: nil, body: body))
        #expect(!check.verify(signature: "AAAA", timestamp: "1600112502", body: body))
        #expect(SendGridSignature(key: "nonsense") == nil)
    }

    @Test("Mailgun: signed, fresh, and by severity")
    func mailgun() throws {
        let key = "key-0123456789abcdef"
        func body(_ data: String, token: String = "tok", time: String = "1795255200") -> [UInt8] {
            let code = HMAC<SHA256>.authenticationCode(for: Data((time + "tok").utf8), using: SymmetricKey(data: Data(key.utf8)))
            let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return Array(#"{"signature":{"timestamp":"\#(time)","token":"\#(token)","signature":"\#(hex)"},"event-data":\#(data)}"#.utf8)
        }
        func event(_ event: String, _ rest: String = "") -> MailEvent? {
            let data =
                #"{"event":"\#(event)","message":{"headers":{"message-id":"\#(Self.id).email@bloom.example"}},"recipient":"ada@example.org","timestamp":1795255200.5\#(rest)}"#
            return MailgunWebhook.Envelope(body(data))?.event
        }
        let envelope = try #require(MailgunWebhook.Envelope(body("{}")))
        #expect(envelope.isSigned(with: key) && !envelope.isSigned(with: key + "x") && !envelope.isSigned(with: ""))
        #expect(MailgunWebhook.Envelope(body("{}", token: "other"))?.isSigned(with: key) == false)
        let now = Timestamp(milliseconds: 1_795_255_200_000)
        #expect(envelope.isFresh(at: now) && envelope.isFresh(at: now.adding(seconds: 43_200)))
        #expect(!envelope.isFresh(at: now.adding(seconds: 43_201)) && !envelope.isFresh(at: now.adding(seconds: -301)))
        #expect(MailgunWebhook.Envelope(Array("{}".utf8)) == nil)
        func kind(_ name: String, _ rest: String = "") -> String { kinds([event(name, rest)].compactMap { $0 }).first ?? "none" }
        #expect(kind("delivered") == "delivered" && kind("complained") == "complained abuse" && kind("unsubscribed") == "unsubscribed")
        #expect(kind("failed", #","severity":"permanent","delivery-status":{"code":550,"message":"5.1.1 user unknown"}"#) == "bounced hard")
        #expect(kind("failed", #","severity":"permanent","delivery-status":{"code":554,"message":"5.7.1 spam"}"#) == "bounced refused")
        #expect(kind("failed", #","severity":"permanent","reason":"suppress-bounce""#) == "bounced hard")
        #expect(kind("failed", #","severity":"temporary""#) == "delayed" && kind("accepted") == "none")
        #expect(event("delivered")?.communication?.description == Self.id)
    }

    @Test("Postmark: by type, known by the metadata that went out")
    func postmark() {
        func kind(_ record: String, _ rest: String = "") -> String {
            let body =
                #"{"RecordType":"\#(record)","MessageID":"pm-1","Email":"ada@example.org","Metadata":{"communication":"\#(Self.id)"}\#(rest)}"#
            guard let event = PostmarkWebhook.record(Array(body.utf8))?.event else { return "none" }
            #expect(event.communication?.description == Self.id)
            return kinds([event]).first ?? ""
        }
        #expect(kind("Bounce", #","Type":"HardBounce""#) == "bounced hard" && kind("Bounce", #","Type":"SoftBounce""#) == "bounced soft")
        #expect(kind("Bounce", #","Type":"AutoResponder""#) == "none" && kind("Bounce", #","Type":"Blocked""#) == "bounced refused")
        #expect(kind("Bounce", #","Type":"Transient""#) == "delayed" && kind("SpamComplaint") == "complained abuse")
        #expect(kind("Delivery") == "delivered" && kind("Open") == "opened" && kind("Unheard") == "none")
        #expect(kind("SubscriptionChange", #","SuppressSending":true,"SuppressionReason":"ManualSuppression""#) == "unsubscribed")
        #expect(kind("SubscriptionChange", #","SuppressSending":false"#) == "none")
        #expect(PostmarkWebhook.record(Array("[]".utf8)) == nil)
    }

    @Test("no bytes make a parser fail")
    func fuzz() {
        var random = SeededGenerator(seed: 11)
        let seeds = [
            #"[{"event":"bounce","timestamp":9223372036854775807,"smtp-id":"<x.email@y>","sg_message_id":"","status":"5.9999.1"}]"#,
            #"{"signature":{"timestamp":"9999999999999999999","token":"t","signature":"s"},"event-data":{"event":"failed","timestamp":1e308,"delivery-status":{"code":-9223372036854775808}}}"#,
            #"{"RecordType":"Bounce","Type":"Unknown","Details":"5.1.","Metadata":[]}"#,
            #"{"Type":"Notification","MessageId":"","TopicArn":"","Message":"","Timestamp":"","SignatureVersion":"1","Signature":"","SigningCertURL":""}"#,
        ]
        for seed in seeds {
            for round in 0..<400 {
                var bytes = Array(seed.utf8)
                if round > 0 {
                    for _ in 0...random.next(below: 6) where !bytes.isEmpty {
                        bytes[random.next(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
                    }
                }
                for event in SendGridWebhook.events(bytes)?.events ?? [] { _ = event.providerEvent }
                _ = MailgunWebhook.Envelope(bytes).map { ($0.isFresh(at: Timestamp(milliseconds: 0)), $0.event?.providerEvent) }
                _ = PostmarkWebhook.record(bytes)?.event?.providerEvent
                _ = SNSMessage(bytes)?.signedText
                _ = SESNotification.events(String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}
