import Core
import SMTP
import Testing

@testable import Communications

/// A mail as servers write them, and what it means.
struct MailSample: Sendable, CustomTestStringConvertible {
    var name: String
    /// Of the envelope; empty is the null return path.
    var sender: String
    var raw: String
    var meaning: String

    init(_ name: String, from sender: String = "", _ meaning: String, _ raw: String) {
        self.name = name
        self.sender = sender
        self.raw = raw
        self.meaning = meaning
    }

    var testDescription: String { name }
    var bytes: [UInt8] { Array(raw.replacing("\n", with: "\r\n").utf8) }

    static func read(_ bytes: [UInt8], from sender: String) -> String {
        let message = ParsedMessage(bytes)
        switch InboundMailRule.read(InboundMail(message, envelopeSender: sender, textLimit: 16_384)) {
        case .bounced(let kind, let status, _): return "\(kind.rawValue) \(status?.description ?? "-")"
        case .delayed(let status, _): return "delayed \(status?.description ?? "-")"
        case .arrived(let word): return word
        case .complaint(let kind): return "complaint \(kind.rawValue)"
        case .automaticReply: return "automatic"
        case .letter: return "letter"
        }
    }

    /// A report as Postfix writes it.
    static func postfix(
        action: String = "failed", status: String, diagnostic: String, words: String = "host mx.example.net[192.0.2.7] said:"
    ) -> String {
        """
        Date: Sat, 21 Nov 2026 10:00:00 +0000 (UTC)
        From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: bounce+token@bounce.example.org
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        	boundary="4E9B0202B1.1795255200/mail.example.org"
        Message-Id: <20261121100000.5C8BA2@mail.example.org>

        This is a MIME-encapsulated message.

        --4E9B0202B1.1795255200/mail.example.org
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        This is the mail system at host mail.example.org.

        I'm sorry to have to inform you that your message could not
        be delivered to one or more recipients. It's attached below.

        <ada@example.net>: \(words) \(diagnostic)

        --4E9B0202B1.1795255200/mail.example.org
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mail.example.org
        X-Postfix-Queue-ID: 4E9B0202B1
        X-Postfix-Sender: rfc822; bounce+token@bounce.example.org
        Arrival-Date: Sat, 21 Nov 2026 09:59:58 +0000 (UTC)

        Final-Recipient: rfc822; ada@example.net
        Original-Recipient: rfc822;ada@example.net
        Action: \(action)
        Status: \(status)
        Remote-MTA: dns; mx.example.net
        Diagnostic-Code: smtp; \(diagnostic)

        --4E9B0202B1.1795255200/mail.example.org
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        Return-Path: <bounce+token@bounce.example.org>
        From: Bloom <hello@bloom.example>
        Subject: 5.7.1 is in our subject too
        Message-ID: <0192f1aa-0000-7000-8000-000000000001.email@bloom.example>

        --4E9B0202B1.1795255200/mail.example.org--

        """
    }
}
