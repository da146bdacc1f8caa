import Core
import Testing

@Suite("Consent to marketing")
struct MarketingConsentTests {
    private static func consent(_ text: String) throws -> MarketingConsent { try #require(MarketingConsent(text: text)) }

    @Test(
        "each rule of a business needs more than the one before",
        arguments: [
            ("", ChannelSet.all, ChannelSet(), ChannelSet()),
            ("email:granted", .all, .email, []),
            ("email:confirmed", .all, .email, .email),
            ("email:refused", [.sms, .whatsapp], [], []),
            ("email:confirmed,sms:granted,whatsapp:refused", [.email, .sms], [.email, .sms], .email),
        ] as [(String, ChannelSet, ChannelSet, ChannelSet)])
    func rules(text: String, optOut: ChannelSet, optIn: ChannelSet, doubleOptIn: ChannelSet) throws {
        let consent = try Self.consent(text)
        #expect(MarketingRule.optOut.channels(consent) == optOut)
        #expect(MarketingRule.optIn.channels(consent) == optIn)
        #expect(MarketingRule.doubleOptIn.channels(consent) == doubleOptIn)
    }

    @Test("the last word on a channel is the only one, and its text reads back as it was")
    func lastWord() throws {
        var consent = MarketingConsent()
        for state in MarketingConsent.State.allCases {
            consent[.sms] = .confirmed
            consent[.sms] = state
            #expect(consent[.sms] == state && consent[.email] == .none)
            #expect(MarketingConsent(text: consent.text) == consent)
        }
        consent[.email] = .refused
        #expect(consent.text == "email:refused,sms:refused")
    }

    @Test(
        "a text that is not understood is no consent and no refusal either",
        arguments: ["email", "email:", "email:maybe", "fax:granted", "email:none", "email:granted,", "email:granted,email:refused", ","])
    func damaged(text: String) {
        #expect(MarketingConsent(text: text) == nil)
    }
}

@Suite("Changes of preferences for the consent ledger")
struct PreferencesChangeTests {
    private static let source = ConsentSource(.api, by: Actor(.key, id: "k"))

    private static func change(_ before: StatedPreferences, _ after: StatedPreferences) throws -> PreferencesChange {
        PreferencesChange(of: try #require(ClientID("ada")), from: before, to: after, source: source)
    }

    private static func lines(_ change: PreferencesChange) -> [String] {
        change.entries.map { "\($0.purpose.text) \($0.channel?.rawValue ?? "-") \($0.decision.rawValue)" }
    }

    @Test("each consent that changed is an entry of its own, everything else is one together")
    func entries() throws {
        var after = StatedPreferences(
            preferredChannels: [.sms], timezone: "Europe/Berlin", optOuts: [.email, .sms], topicsRefused: ["news"])
        after.marketing[.whatsapp] = .granted
        let change = try Self.change(StatedPreferences(optOuts: .sms, topicsRefused: ["offers"]), after)
        #expect(
            Self.lines(change) == [
                "all email withdrawn", "marketing whatsapp granted", "topic:news - withdrawn", "topic:offers - granted",
                "preferences - changed",
            ])
        #expect(
            String(decoding: try #require(change.entries.last).details, as: UTF8.self)
                == #"{"preferred_channels":[null,"sms"],"timezone":[null,"Europe/Berlin"]}"#)
        #expect(change.entries.allSatisfy { $0.source == Self.source })
    }

    @Test("nothing changed, nothing is written")
    func nothing() throws {
        let stated = StatedPreferences(timezone: "UTC", optOuts: .email, topicsRefused: ["news"])
        #expect(try Self.change(stated, stated).entries.isEmpty)
    }

    @Test(
        "what a change of marketing means depends on what there was",
        arguments: [
            (MarketingConsent.State.none, MarketingConsent.State.refused, "withdrawn"), (.granted, .confirmed, "granted"),
            (.confirmed, .refused, "withdrawn"), (.refused, .granted, "granted"), (.confirmed, .none, "withdrawn"),
            (.refused, .none, "changed"),
        ])
    func marketing(before: MarketingConsent.State, after: MarketingConsent.State, decision: String) throws {
        var (old, new) = (StatedPreferences(), StatedPreferences())
        old.marketing[.email] = before
        new.marketing[.email] = after
        #expect(Self.lines(try Self.change(old, new)) == ["marketing email \(decision)"])
    }
}
