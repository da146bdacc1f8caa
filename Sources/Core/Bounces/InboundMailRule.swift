/// Tells what a mail to a return address of ours is: a bounce, a complaint, an automatic reply, or a letter.
///
/// The address it came to says which message it is about; who wrote it is never believed for more than that.
public enum InboundMailRule {
    /// Pure, and the same for the same mail.
    public static func read(_ mail: InboundMail) -> InboundMailMeaning {
        if let type = mail.feedbackType { return .complaint(FeedbackKind(type)) }
        if let recipients = mail.recipients, let meaning = report(recipients) { return meaning }
        if mail.reportType == "disposition-notification" { return .automaticReply }
        if isFromMailSystem(mail), let meaning = plainBounce(mail) { return meaning }
        return isAutomatic(mail) ? .automaticReply : .letter
    }

    // MARK: Delivery reports

    /// The worst of what it says: a message that reached one of two places did not reach the person for certain.
    private static func report(_ recipients: [InboundMail.Recipient]) -> InboundMailMeaning? {
        var best: InboundMailMeaning?
        for recipient in recipients {
            let meaning = meaning(of: recipient)
            if rank(meaning) > rank(best) { best = meaning }
        }
        return best
    }

    private static func meaning(of recipient: InboundMail.Recipient) -> InboundMailMeaning? {
        let status = MailStatus(first: recipient.status)
        let diagnostic = recipient.diagnostic
        switch recipient.action {
        case "failed": return .bounced(BounceRule.judge(status: status, diagnostic: diagnostic), status, diagnostic: diagnostic)
        case "delayed": return .delayed(status, diagnostic: diagnostic)
        case "delivered", "relayed", "expanded": return .arrived(word: recipient.action)
        default: break
        }
        // Without a word that the standard knows, the class of the code tells.
        switch status?.statusClass {
        case 5: return .bounced(BounceRule.judge(status: status, diagnostic: diagnostic), status, diagnostic: diagnostic)
        case 4: return .delayed(status, diagnostic: diagnostic)
        case 2: return .arrived(word: "delivered")
        default: return nil
        }
    }

    private static func rank(_ meaning: InboundMailMeaning?) -> Int {
        switch meaning {
        case .bounced(.hard, _, _): 5
        case .bounced(.soft, _, _): 4
        case .bounced(.refused, _, _): 3
        case .delayed: 2
        case .arrived: 1
        default: 0
        }
    }

    // MARK: Bounces in plain words

    /// Servers that report without a delivery-status part write as themselves.
    private static func isFromMailSystem(_ mail: InboundMail) -> Bool {
        if mail.has("x-failed-recipients") { return true }
        guard PhraseText(mail.header("from")).containsAny(mailSystems) else { return false }
        // A vacation programme of the postmaster is one all the same.
        return !mail.has("x-autoreply") && !mail.has("x-autorespond")
    }

    private static let mailSystems = [
        "mailer-daemon", "mailerdaemon", "postmaster@", "mail-daemon", "maildaemon", "mail delivery system", "mail delivery subsystem",
        "microsoftexchange", "mdaemon@", "mmdf@", "mail-system@",
    ]

    private static func plainBounce(_ mail: InboundMail) -> InboundMailMeaning? {
        let subject = PhraseText(mail.header("subject"))
        if subject.begins(withAny: outOfOffice) { return nil }
        let report = report(in: mail.text)
        let words = PhraseText(report)
        let diagnostic = excerpt(report)
        let status = MailStatus(first: diagnostic)
        if subject.containsAny(delays) || words.containsAny(delayedText) { return .delayed(status, diagnostic: diagnostic) }
        let isFailure = subject.containsAny(failures) || words.containsAny(failureText)
        guard isFailure || mail.has("x-failed-recipients") || status?.statusClass == 5 else { return nil }
        return .bounced(BounceRule.judge(status: status, diagnostic: diagnostic), status, diagnostic: diagnostic)
    }

    /// Without what servers quote of our message.
    private static func report(in text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let quote = lines.firstIndex { line in
            line.utf8.first == UInt8(ascii: "-") && PhraseText(String(line.prefix(100))).containsAny(quoteMarks)
        }
        return lines.prefix(min(quote ?? lines.count, 400)).joined(separator: "\n")
    }

    private static let quoteMarks = [
        "below this line is a copy of the message", "this is a copy of the message", "original message", "forwarded message",
        "message header follows", "returned message",
    ]

    /// The lines that say why: from the first with a reply or status code on, else the beginning.
    private static func excerpt(_ report: String) -> String {
        let lines = report.split(whereSeparator: \.isNewline).prefix(200)
        let first = lines.firstIndex { MailStatus(first: String($0)) != nil || BounceWords.replyCode(in: $0.utf8) != nil }
        let telling = first.map { lines[$0...].prefix(4) } ?? lines.prefix(30)
        return String(telling.joined(separator: " ").prefix(2_000))
    }

    private static let failures = [
        "undelivered mail", "mail delivery failed", "mail delivery failure", "delivery failure", "delivery failed", "failure notice",
        "returned mail", "undeliverable", "unzustellbar", "delivery status notification (failure)", "delivery has failed",
        "could not be delivered", "nondeliverable", "undeliverable mail", "message not delivered", "mail system error", "non remis",
        "no se puede entregar", "no entregado", "não entregue", "impossible de remettre", "non recapitabile", "returned to sender",
        "delivery problem", "mail could not be",
    ]
    private static let failureText = [
        "this is the qmail-send program", "permanent error", "could not be delivered to", "wasn't delivered to", "was not delivered to",
        "delivery to the following recipient failed", "could not deliver", "did not reach the following recipient", "user unknown",
        "address failed", "address(es) failed", "konnte nicht zugestellt werden", "returned to sender",
    ]
    private static let delays = ["delayed", "(delay)", "warning: message", "warning: could not send", "verzögert", "still being retried"]
    private static let delayedText = [
        "this is a warning message only", "you do not need to resend", "has not yet been delivered", "will be retried", "will keep trying",
        "message has been delayed",
    ]

    // MARK: Automatic replies

    /// RFC 3834, and what was in use before it.
    private static func isAutomatic(_ mail: InboundMail) -> Bool {
        let submitted = mail.header("auto-submitted")
        if !submitted.isEmpty, !submitted.hasPrefix("no") { return true }
        if automaticHeaders.contains(where: mail.has) { return true }
        if ["bulk", "junk", "list", "auto_reply", "auto-reply"].contains(mail.header("precedence")) { return true }
        // Whoever writes with the null return path wants no answer; people do not.
        if mail.envelopeSender.isEmpty { return true }
        return PhraseText(mail.header("subject")).begins(withAny: outOfOffice)
    }

    private static let automaticHeaders = [
        "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response-suppress", "x-auto-reply", "x-autoreply-from",
        "x-mail-autoreply", "vacation", "x-vacation", "list-id", "x-loop",
    ]
    private static let outOfOffice = [
        "out of office", "out of the office", "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "auto response",
        "autoresponder", "away from", "on vacation", "vacation reply", "i am out", "i'm out", "abwesend", "abwesenheit",
        "automatische antwort", "réponse automatique", "absence du bureau", "absent", "respuesta automática", "fuera de la oficina",
        "fuera de oficina", "risposta automatica", "resposta automática", "automatisch antwoord", "отсутств", "自動返信", "स्वतः उत्तर",
        "رد تلقائي", "خارج المكتب",
    ]
}
