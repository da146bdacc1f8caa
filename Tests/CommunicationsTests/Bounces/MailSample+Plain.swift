/// Bounces in plain words, complaints, and what is neither.
extension MailSample {
    static let others: [MailSample] = [
        MailSample(
            "qmail: no such mailbox", "hard -",
            """
            From: MAILER-DAEMON@mx.example.net
            To: bounce+token@bounce.example.org
            Subject: failure notice

            Hi. This is the qmail-send program at mx.example.net.
            I'm afraid I wasn't able to deliver your message to the following addresses.
            This is a permanent error; I've given up. Sorry it didn't work out.

            <ada@example.net>:
            Sorry, no mailbox here by that name. (#5.1.1)

            --- Below this line is a copy of the message.

            Return-Path: <bounce+token@bounce.example.org>
            Subject: 4.2.2 mailbox full
            """.replacing("(#5.1.1)", with: "(#vpopmail)")),
        MailSample(
            "qmail: with its code", "hard 5.1.1",
            """
            From: MAILER-DAEMON@mx.example.net
            Subject: failure notice

            Hi. This is the qmail-send program at mx.example.net.

            <ada@example.net>:
            Sorry, no mailbox here by that name. (#5.1.1)
            """),
        MailSample(
            "Exim: unrouteable address", "hard -",
            """
            X-Failed-Recipients: ada@example.net
            Auto-Submitted: auto-replied
            From: Mail Delivery System <Mailer-Daemon@mx.example.net>
            To: bounce+token@bounce.example.org
            Subject: Mail delivery failed: returning message to sender

            This message was created automatically by mail delivery software.

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              ada@example.net
                Unrouteable address

            ------ This is a copy of the message, including all the headers. ------

            Subject: Welcome
            """),
        MailSample(
            "Exim: the other side is full", "soft -",
            """
            X-Failed-Recipients: ada@example.net
            Auto-Submitted: auto-replied
            From: Mail Delivery System <Mailer-Daemon@mx.example.net>
            Subject: Mail delivery failed: returning message to sender

            A message that you sent could not be delivered to one or more of its
            recipients. This is a permanent error. The following address(es) failed:

              ada@example.net
                host mx2.example.net [192.0.2.9]
                SMTP error from remote mail server after RCPT TO:<ada@example.net>:
                552 Quota exceeded
            """),
        MailSample(
            "Exim: a warning, it is still being tried", "delayed -",
            """
            From: Mail Delivery System <Mailer-Daemon@mx.example.net>
            Auto-Submitted: auto-replied
            Subject: Warning: message 1abcDE-000001-2x delayed 24 hours

            This message was created automatically by mail delivery software.
            A message that you sent has not yet been delivered to one or more of its
            recipients after more than 24 hours on the queue.
            No action is required on your part. Delivery attempts will continue.
            """),
        MailSample(
            "an old Exchange in words", "hard -",
            """
            From: System Administrator <postmaster@corp.example>
            Subject: Undeliverable: Your selection

            Your message did not reach some or all of the intended recipients.

              ada@corp.example on 21.11.2026 10:00
                    The e-mail account does not exist at the organization this message was sent to.
            """),
        MailSample(
            "in German, HTML only, Latin-1", "soft -",
            """
            From: "Mail Delivery System" <mailer-daemon@kundenserver.example>
            Subject: =?iso-8859-1?Q?Unzustellbar:_Ihre_Pl=E4ne?=
            Content-Type: text/html; charset=iso-8859-1
            Content-Transfer-Encoding: quoted-printable

            <p>Diese E-Mail konnte nicht zugestellt werden.</p><p>Das Postfach voll: Empf=E4nger kann nichts annehmen</p>
            """),
        MailSample(
            "Yahoo: refused by policy", "refused 5.7.9",
            """
            From: MAILER-DAEMON@yahoo.example
            Subject: Failure Notice

            Sorry, we were unable to deliver your message to the following address.

            <ada@yahoo.example>:
            554: 554 5.7.9 Message not accepted for policy reasons.  See https://postmaster.yahooinc.example/error-codes
            """),
        MailSample(
            "a complaint as Yahoo sends them", from: "feedback@arf.example", "complaint abuse",
            """
            From: <feedback@arf.mail.yahoo.example>
            Subject: FW: Spring offers
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=feedback-report; boundary="part1_13d.2e68ed54_boundary"

            --part1_13d.2e68ed54_boundary
            Content-Type: text/plain; charset="US-ASCII"

            This is an email abuse report for an email message received from IP 192.0.2.1.

            --part1_13d.2e68ed54_boundary
            Content-Type: message/feedback-report

            Feedback-Type: abuse
            User-Agent: Yahoo!-Mail-Feedback/2.0
            Version: 0.1
            Original-Mail-From: <bounce+token@bounce.example.org>
            Original-Rcpt-To: redacted

            --part1_13d.2e68ed54_boundary
            Content-Type: message/rfc822

            From: hello@bloom.example
            Message-ID: <0192f1aa-0000-7000-8000-000000000001.email@bloom.example>
            Subject: Spring offers

            text
            --part1_13d.2e68ed54_boundary--
            """),
        MailSample(
            "a report that it was no spam", from: "fbl@example.net", "complaint not-spam",
            """
            Content-Type: multipart/report; report-type=feedback-report; boundary=x

            --x
            Content-Type: message/feedback-report

            Feedback-Type: Not-Spam
            User-Agent: SomeGenerator/1.0
            Version: 1

            --x--
            """),
        MailSample(
            "opt-out as a complaint", from: "fbl@example.net", "complaint opt-out",
            """
            Content-Type: multipart/report; report-type=feedback-report; boundary=x

            --x
            Content-Type: message/feedback-report

            Feedback-Type: opt-out
            Version: 1
            --x--
            """),
        MailSample(
            "out of office by Exchange, with the null return path", "automatic",
            """
            From: Ada Lovelace <ada@corp.example>
            To: bounce+token@bounce.example.org
            Subject: Automatic reply: Your budget
            X-Auto-Response-Suppress: All
            Auto-Submitted: auto-generated

            I am out of the office until Monday. My mailbox does not exist until then.
            """),
        MailSample(
            "vacation programme of a Unix", from: "ada@example.net", "automatic",
            """
            From: ada@example.net
            Subject: away from my mail
            Precedence: bulk

            I will not be reading my mail for a while.
            """),
        MailSample(
            "out of office by Gmail", from: "ada@gmail.example", "automatic",
            """
            From: Ada <ada@gmail.example>
            Subject: Re: Your budget
            X-Autoreply: yes
            Auto-Submitted: auto-replied
            Precedence: bulk

            I'm hiking. 550 5.1.1 is my favourite number.
            """),
        MailSample(
            "out of office in German without any header", from: "ada@firma.example", "automatic",
            """
            From: Ada <ada@firma.example>
            Subject: =?UTF-8?Q?Abwesenheitsnotiz=3A_Pl=C3=A4ne?=

            Ich bin bis Montag nicht im Haus.
            """),
        MailSample(
            "out of office of a postmaster", from: "postmaster@firma.example", "automatic",
            """
            From: Postmaster <postmaster@firma.example>
            Subject: Out of Office: user unknown until Monday
            Auto-Submitted: auto-replied

            I am away. For undeliverable mail ask my colleague.
            """),
        MailSample(
            "a ticket system", from: "support@firma.example", "automatic",
            """
            From: Support <support@firma.example>
            Subject: [#4711] We have received your request
            Auto-Submitted: auto-generated

            Thank you for writing to us.
            """),
        MailSample(
            "a receipt that it was read", from: "", "automatic",
            """
            From: Ada <ada@example.net>
            Subject: Read: Your budget
            Content-Type: multipart/report; report-type=disposition-notification; boundary=m

            --m
            Content-Type: text/plain

            Your message was displayed.

            --m
            Content-Type: message/disposition-notification

            Final-Recipient: rfc822;ada@example.net
            Disposition: manual-action/MDN-sent-manually; displayed

            --m--
            """),
        MailSample(
            "a person answers, and quotes a code", from: "ada@example.net", "letter",
            """
            From: Ada <ada@example.net>
            Subject: Re: Undelivered Mail Returned to Sender

            Yesterday I got 550 5.1.1 user unknown from you. Does my address work now?
            """),
        MailSample(
            "a person answers with no subject at all", from: "ada@example.net", "letter",
            """
            From: Ada <ada@example.net>

            Yes, please book it.
            """),
        MailSample(
            "a person forwards a bounce as a file", from: "grace@example.net", "letter",
            """
            From: Grace <grace@example.net>
            Subject: FW: look at this
            Content-Type: multipart/mixed; boundary=f

            --f
            Content-Type: text/plain

            What does this mean?
            --f
            Content-Type: message/rfc822

            From: MAILER-DAEMON@example.net
            Content-Type: multipart/report; report-type=delivery-status; boundary=g

            --g
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example.net

            Final-Recipient: rfc822; ada@example.net
            Action: failed
            Status: 5.1.1
            --g--
            --f--
            """),
    ]
}
