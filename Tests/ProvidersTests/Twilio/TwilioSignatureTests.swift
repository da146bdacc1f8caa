import Providers
import Testing

@Suite("Twilio's signatures")
struct TwilioSignatureTests {
    private static let token = "f00dfacef00dfacef00dfacef00dface"
    private static let url = "https://comms.example.com/webhooks/twilio/status?tenant=7"
    private static let form = [
        ("To", "+15005550009"), ("AccountSid", "AC00000000000000000000000000000000"), ("ApiVersion", "2010-04-01"), ("ErrorCode", "30003"),
        ("From", "+15005550006"), ("MessageSid", "SM0123456789abcdef0123456789abcdef"), ("MessageStatus", "undelivered"),
        ("SmsSid", "SM0123456789abcdef0123456789abcdef"), ("SmsStatus", "undelivered"),
    ]

    @Test("the documentation's example gives its signature")
    func documentation() {
        let form = [
            ("Digits", "1234"), ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("From", "+14158675309"),
            ("To", "+18005551212"),
        ]
        let signature = TwilioSignature.sign(url: "https://mycompany.com/myapp.php?foo=1&bar=2", parameters: form, token: "12345")
        #expect(signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    }

    @Test("the vectors for a status callback hold with and without the port and in both algorithms")
    func statusCallback() {
        #expect(TwilioSignature.sign(url: Self.url, parameters: Self.form, token: Self.token) == "F5NNIEBNQWnmFyIp2I0NG7wDSV8=")
        let withPort = "https://comms.example.com:443/webhooks/twilio/status?tenant=7"
        #expect(TwilioSignature.sign(url: withPort, parameters: Self.form, token: Self.token) == "TXx35jlry84XAsO5aHjANe0JQq8=")
        #expect(
            TwilioSignature.sign(url: Self.url, parameters: Self.form, token: Self.token, algorithm: .sha256)
                == "5FgPP5CdWXVVVBPAfvv35IiyYICW7VXuZrm8qFdqUEg=")
    }

    @Test("a repeated name contributes each of its values once, in order, and an empty value its name")
    func repeatedNames() {
        let form = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"), ("Body", "")]
        #expect(TwilioSignature.sign(url: Self.url, parameters: form, token: Self.token) == "klsTlnq7vHFNi9RvUicemHsI/2Y=")
    }

    @Test("a fragment does not count")
    func fragment() {
        #expect(
            TwilioSignature.sign(url: Self.url + "#rc=3", parameters: Self.form, token: Self.token) == "F5NNIEBNQWnmFyIp2I0NG7wDSV8=")
    }

    @Test("a JSON body is covered by its hash in the address")
    func jsonBody() {
        let body = Array(#"{"property": "value", "boolean": true}"#.utf8)
        let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
        #expect(TwilioSignature.bodyHash(body) == hash)
        let url = "https://comms.example.com/webhooks/twilio/events?bodySHA256=\(hash)"
        let signature = "rleG98i9/3eaaLbis/ge2uCdhI8="
        #expect(TwilioSignature.sign(url: url, parameters: [], token: Self.token) == signature)
        let presented = TwilioSignature.Presented(signature: signature)
        #expect(TwilioSignature.verify(presented, url: url, parameters: [], body: body, token: Self.token))
        #expect(!TwilioSignature.verify(presented, url: url, parameters: [], body: body + [0x20], token: Self.token))
        #expect(!TwilioSignature.verify(presented, url: url, parameters: [], token: Self.token))
    }

    @Test(
        "a signature is good for the address with and without its port",
        arguments: ["F5NNIEBNQWnmFyIp2I0NG7wDSV8=", "TXx35jlry84XAsO5aHjANe0JQq8="])
    func ports(signature: String) {
        let presented = TwilioSignature.Presented(signature: signature)
        let withPort = "https://comms.example.com:443/webhooks/twilio/status?tenant=7"
        #expect(TwilioSignature.verify(presented, url: Self.url, parameters: Self.form, token: Self.token))
        #expect(TwilioSignature.verify(presented, url: withPort, parameters: Self.form, token: Self.token))
    }

    @Test("the SHA-256 form needs a known key and the announced algorithm")
    func sharedKeys() {
        let signature = "5FgPP5CdWXVVVBPAfvv35IiyYICW7VXuZrm8qFdqUEg="
        func verify(_ settings: String?, keys: [String: String] = ["k1": Self.token]) -> Bool {
            TwilioSignature.verify(
                TwilioSignature.Presented(signature: signature, settings: settings), url: Self.url, parameters: Self.form,
                token: Self.token, sharedKeys: keys)
        }
        #expect(verify("key=k1,algorithm=HMAC_SHA256"))
        #expect(verify("key=k1, algorithm=HMAC_SHA256"))
        #expect(!verify("key=k2,algorithm=HMAC_SHA256"))
        #expect(!verify("key=k1,algorithm=HMAC_MD5"))
        #expect(!verify("key=k1,algorithm=HMAC_SHA256", keys: [:]))
        #expect(!verify("algorithm=HMAC_SHA256"))
        #expect(!verify(""))
        #expect(!verify(nil))
    }

    @Test("forged, cut off, empty and foreign signatures are refused")
    func forged() {
        let good = "F5NNIEBNQWnmFyIp2I0NG7wDSV8="
        func verify(_ signature: String?, form: [(String, String)] = Self.form, token: String = Self.token) -> Bool {
            TwilioSignature.verify(TwilioSignature.Presented(signature: signature), url: Self.url, parameters: form, token: token)
        }
        #expect(verify(good))
        for bad in [
            nil, "", "=", String(good.dropLast()), "f" + good.dropFirst(), good + good, good.lowercased(),
            String(repeating: "A", count: 100_000),
        ] {
            #expect(!verify(bad), "\(bad?.prefix(40) ?? "none")")
        }
        #expect(!verify(good, token: "other"))
        #expect(!verify(TwilioSignature.sign(url: Self.url, parameters: Self.form, token: ""), token: ""))
        #expect(!verify(good, form: Self.form + [("Extra", "1")]))
        #expect(!verify(good, form: Array(Self.form.dropLast())))
    }

    @Test("strings that only look alike are different parameters")
    func canonicalEquivalence() {
        let composed = TwilioSignature.sign(url: Self.url, parameters: [("a", "\u{E9}"), ("a", "e\u{301}")], token: Self.token)
        let once = TwilioSignature.sign(url: Self.url, parameters: [("a", "\u{E9}")], token: Self.token)
        #expect(composed != once)
    }
}
