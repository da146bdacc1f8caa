/// Delivery reports in the standard form (RFC 3464), from different servers.
extension MailSample {
    static let reports: [MailSample] = [
        MailSample(
            "Postfix: no such user", "hard 5.1.1",
            postfix(
                status: "5.1.1",
                diagnostic: "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in virtual mailbox table")),
        MailSample(
            "Postfix: mailbox full for now, given up", "soft 4.2.2",
            postfix(status: "4.2.2", diagnostic: "452 4.2.2 The email account that you tried to reach is over quota")),
        MailSample(
            "Postfix: mailbox full for good", "soft 5.2.2", postfix(status: "5.2.2", diagnostic: "552 5.2.2 Mailbox size limit exceeded")),
        MailSample(
            "Postfix: domain without a host", "hard 5.4.4",
            postfix(
                status: "5.4.4",
                diagnostic: "X-Postfix; Host or domain name not found. Name service error for name=exmaple.net type=A: Host not found")),
        MailSample(
            "Postfix: five days in the queue", "soft 4.4.1",
            postfix(status: "4.4.1", diagnostic: "X-Postfix; connect to mx.example.net[192.0.2.7]:25: Connection timed out")),
        MailSample(
            "Postfix: delayed, will be tried again", "delayed 4.4.1",
            postfix(
                action: "delayed", status: "4.4.1", diagnostic: "X-Postfix; connect to mx.example.net[192.0.2.7]:25: Connection refused")),
        MailSample(
            "Postfix: refused as spam", "refused 5.7.1",
            postfix(status: "5.7.1", diagnostic: "554 5.7.1 Service unavailable; Client host [198.51.100.4] blocked using zen.spamhaus.org")
        ),
        MailSample(
            "Postfix: DMARC", "refused 5.7.26",
            postfix(status: "5.7.26", diagnostic: "550 5.7.26 This mail has been blocked because the sender is unauthenticated.")),
        MailSample(
            "Postfix: says 5.0.0, the other side knew better", "hard 5.0.0",
            postfix(status: "5.0.0", diagnostic: "550 5.1.1 No such user - gsmtp")),
        MailSample(
            "Postfix: says 5.0.0 and only words", "hard 5.0.0",
            postfix(status: "5.0.0", diagnostic: "550 Requested action not taken: mailbox unavailable")),
        MailSample(
            "Postfix: says 5.0.0, and no word tells why", "soft 5.0.0", postfix(status: "5.0.0", diagnostic: "550 Administrative decision")),
        MailSample(
            "Postfix: too large", "refused 5.3.4", postfix(status: "5.3.4", diagnostic: "552 5.3.4 Message size exceeds fixed limit")),
        MailSample(
            "Postfix: account switched off", "hard 5.2.1",
            postfix(status: "5.2.1", diagnostic: "550 5.2.1 The email account that you tried to reach is disabled.")),
        MailSample(
            "Postfix: null MX", "hard 5.1.10",
            postfix(status: "5.1.10", diagnostic: "556 5.1.10 Domain example.net does not accept mail (nullMX)")),
        MailSample(
            "Postfix: our own sender is refused", "refused 5.1.8",
            postfix(status: "5.1.8", diagnostic: "553 5.1.8 Domain of sender address does not exist")),
        MailSample("Postfix: it arrived", "delivered", postfix(action: "delivered", status: "2.0.0", diagnostic: "250 2.0.0 OK")),
        MailSample(
            "Postfix: it went on to a server that tells nothing more", "relayed",
            postfix(action: "relayed", status: "2.0.0", diagnostic: "250 Ok: queued as 77A")),
        MailSample(
            "Postfix: an alias was expanded", "expanded", postfix(action: "expanded", status: "2.0.0", diagnostic: "250 alias expanded")),
        MailSample(
            "the action has a comment and upper case", "hard 5.1.1",
            postfix(action: "FAILED (gave up)", status: "5.1.1 (bad mailbox)", diagnostic: "550 5.1.1 no")),
        MailSample("no action, the code tells", "hard 5.1.1", postfix(action: "", status: "5.1.1", diagnostic: "550 5.1.1 user unknown")),
        MailSample(
            "Exchange Online: not in the directory", "hard 5.4.1",
            """
            From: <postmaster@contoso.example>
            To: <bounce+token@bounce.example.org>
            Date: Sat, 21 Nov 2026 10:00:00 +0000
            Content-Type: multipart/report; report-type=delivery-status;
            \tboundary="d1d2a9c3-6a86-4b4c-9d6b-0f3a7b8d6a3e"
            Subject: Undeliverable: Your budget
            Auto-Submitted: auto-replied
            X-MS-Exchange-Message-Is-Ndr:
            Content-Language: en-US

            --d1d2a9c3-6a86-4b4c-9d6b-0f3a7b8d6a3e
            Content-Type: multipart/alternative; differences=Content-Type;
            \tboundary="c6f5b0a2-1f4f-44b5-9d1b-8b37e1a1c0de"

            --c6f5b0a2-1f4f-44b5-9d1b-8b37e1a1c0de
            Content-Type: text/plain; charset="us-ascii"
            Content-Transfer-Encoding: quoted-printable

            Your message to ada@contoso.example couldn't be delivered.=
            ada wasn't found at contoso.example.

            --c6f5b0a2-1f4f-44b5-9d1b-8b37e1a1c0de
            Content-Type: text/html; charset="us-ascii"

            <html><body>Your message couldn't be delivered.</body></html>

            --c6f5b0a2-1f4f-44b5-9d1b-8b37e1a1c0de--

            --d1d2a9c3-6a86-4b4c-9d6b-0f3a7b8d6a3e
            Content-Type: message/delivery-status

            Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.example
            Received-From-MTA: dns;mail.example.org
            Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000

            Final-Recipient: rfc822;ada@contoso.example
            Action: failed
            Status: 5.4.1
            Diagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied. For more
             information see https://aka.ms/EXOSmtpErrors

            --d1d2a9c3-6a86-4b4c-9d6b-0f3a7b8d6a3e
            Content-Type: message/rfc822

            From: hello@bloom.example
            Subject: Your budget

            Dear Ada
            --d1d2a9c3-6a86-4b4c-9d6b-0f3a7b8d6a3e--

            """),
        MailSample(
            "Gmail: with a code of its own in the text only", "hard 5.1.1",
            """
            Return-Path: <>
            X-Failed-Recipients: ada@gmail.example
            Auto-Submitted: auto-replied
            To: bounce+token@bounce.example.org
            From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
            Subject: Delivery Status Notification (Failure)
            Content-Type: multipart/report; boundary="000000000000aa11"; report-type=delivery-status

            --000000000000aa11
            Content-Type: multipart/related; boundary="000000000000aa22"

            --000000000000aa22
            Content-Type: multipart/alternative; boundary="000000000000aa33"

            --000000000000aa33
            Content-Type: text/plain; charset="UTF-8"

            ** Address not found **

            Your message wasn't delivered to ada@gmail.example because the address couldn't be found.

            --000000000000aa33--
            --000000000000aa22--
            --000000000000aa11
            Content-Type: message/delivery-status

            Reporting-MTA: dns; googlemail.example
            Arrival-Date: Sat, 21 Nov 2026 02:00:00 -0800 (PST)
            X-Original-Message-ID: <0192f1aa-0000-7000-8000-000000000001.email@bloom.example>

            Final-Recipient: rfc822; ada@gmail.example
            Action: failed
            Status: 5.1.1
            Remote-MTA: dns; gmail-smtp-in.l.google.example. (192.0.2.27, the server for the domain gmail.example.)
            Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
             550-5.1.1 double-checking the recipient's email address for typos or
             550 5.1.1  https://support.google.example/mail/?p=NoSuchUser 5b1f17b1804b1-gsmtp
            Last-Attempt-Date: Sat, 21 Nov 2026 02:00:00 -0800 (PST)

            --000000000000aa11--

            """),
        MailSample(
            "a report in base64, international form, without a closing delimiter", "hard 5.1.1",
            """
            From: postmaster@example.net
            Subject: =?UTF-8?B?VW56dXN0ZWxsYmFy?=
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary=b1

            --b1
            Content-Type: message/global-delivery-status
            Content-Transfer-Encoding: base64

            UmVwb3J0aW5nLU1UQTogZG5zOyBteC5leGFtcGxlLm5ldAoKRmluYWwtUmVjaXBp
            ZW50OiB1dGYtODsgYWRhQGV4YW1wbGUubmV0CkFjdGlvbjogZmFpbGVkClN0YXR1
            czogNS4xLjEK
            """),
        MailSample(
            "two recipients, one of them got it", "hard 5.1.1",
            """
            From: MAILER-DAEMON@example.net
            Subject: Returned mail: see transcript for details
            Content-Type: multipart/report; report-type=delivery-status; boundary="sendmail/1"

            --sendmail/1

            ----- The following addresses had permanent fatal errors -----
            <ada@example.net>

            --sendmail/1
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example.net

            Final-Recipient: RFC822; grace@example.net
            Action: relayed
            Status: 2.0.0

            Final-Recipient: RFC822; ada@example.net
            Action: failed
            Status: 5.1.1
            Diagnostic-Code: SMTP; 550 5.1.1 <ada@example.net>... User unknown

            --sendmail/1--
            """),
    ]
}
