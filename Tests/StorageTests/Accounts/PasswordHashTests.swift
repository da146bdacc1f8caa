import Core
import Storage
import Testing

@Suite("Passwords at rest")
struct PasswordHashTests {
    private static let cheap = PasswordHash.Parameters(costLog2: 4, blockSize: 8, parallelism: 1)

    @Test("a hash made by another implementation of scrypt opens with its password only")
    func reference() throws {
        // Python: hashlib.scrypt("Grüße aus Köln!" and a zero byte, salt=0…15, n=2**10, r=8, p=1, dklen=32)
        let text = "scrypt$10,8,1$AAECAwQFBgcICQoLDA0ODw==$TWMNB5mOr7OoBWcIuApXJN71m9dslCprgXrufzIlpjs="
        let hash = try #require(PasswordHash(text))
        #expect(try hash.matches("Grüße aus Köln!"))
        #expect(try !hash.matches("Grüße aus Köln"))
        #expect(try !hash.matches(""))
        #expect(hash.description == text)
    }

    @Test("two hashes of one password differ")
    func salt() throws {
        #expect(try PasswordHash("x", parameters: Self.cheap).description != PasswordHash("x", parameters: Self.cheap).description)
    }

    @Test(
        "damaged texts are no hashes, and none asks for all memory",
        arguments: [
            "", "scrypt", "scrypt$$$", "scrypt$10,8$AAAA$AAAA", "scrypt$63,8,1$AAAA$AAAA",
            "scrypt$10,8,1$$TWMNB5mOr7OoBWcIuApXJN71m9dslCprgXrufzIlpjs=",
            "scrypt$10,8,1$AAECAw==$AAECAw==", "scrypt$-1,8,1$AAECAw==$TWMNB5mOr7OoBWcIuApXJN71m9dslCprgXrufzIlpjs=",
            "bcrypt$10,8,1$AAECAw==$TWMNB5mOr7OoBWcIuApXJN71m9dslCprgXrufzIlpjs=",
            "scrypt$10,99999999999999999999,1$AAECAw==$TWMNB5mOr7OoBWcIuApXJN71m9dslCprgXrufzIlpjs=",
        ])
    func damaged(text: String) {
        #expect(PasswordHash(text) == nil)
    }

    @Test("a right password asks for a new hash when the parameters have changed, and only then")
    func upgrade() async throws {
        let old = try PasswordHash("secret", parameters: Self.cheap)
        let hasher = PasswordHasher(parameters: PasswordHash.Parameters(costLog2: 5, blockSize: 8, parallelism: 1))
        guard case .right(let upgrade?) = try await hasher.verify("secret", against: old) else {
            Issue.record("no new hash")
            return
        }
        #expect(upgrade.parameters.costLog2 == 5)
        #expect(try await hasher.verify("secret", against: upgrade) == .right(upgrade: nil))
        #expect(try await hasher.verify("Secret", against: upgrade) == .wrong)
        #expect(try await hasher.verify("secret", against: nil) == .wrong)
    }

    @Test("who comes when too many wait is told to come again")
    func overload() async {
        let hasher = PasswordHasher(parameters: Self.cheap, mostWaiting: 0)
        await #expect(throws: Core.Refusal.overloaded(retryAfterSeconds: 1)) { try await hasher.verify("x", against: nil) }
    }
}

@Suite("One-time codes")
struct TOTPTests {
    @Test(
        "the vectors of RFC 6238 for SHA-1",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ])
    func vectors(seconds: Int64, expected: String) {
        let secret = Array("12345678901234567890".utf8)
        let step = TOTP.step(at: Timestamp(seconds: seconds))
        #expect(TOTP.code(secret: secret, step: step, digits: 8) == expected)
        #expect(TOTP.code(secret: secret, step: step) == expected.suffix(6))
    }

    @Test("a code is good one step to either side, and never again once it or a later one was used")
    func window() {
        let secret = TOTP.makeSecret()
        let now = Timestamp(seconds: 1_772_452_800)
        let step = TOTP.step(at: now)
        for offset in -3...3 as ClosedRange<Int64> {
            let found = TOTP.matchingStep(code: TOTP.code(secret: secret, step: step + offset), secret: secret, at: now, after: nil)
            #expect((found != nil) == (abs(offset) <= 1))
        }
        let code = TOTP.code(secret: secret, step: step)
        #expect(TOTP.matchingStep(code: code, secret: secret, at: now, after: step - 1) == step)
        #expect(TOTP.matchingStep(code: code, secret: secret, at: now, after: step) == nil)
        #expect(TOTP.matchingStep(code: code, secret: secret, at: now, after: step + 1) == nil)
        for text in ["", "1", "١٢٣٤٥٦", "12345", "1234567", code + " "] {
            #expect(TOTP.matchingStep(code: text, secret: secret, at: now, after: nil) == nil)
        }
    }

    @Test("what the app reads holds everything that it needs")
    func uri() {
        let uri = TOTP.uri(secret: Array("12345678901234567890".utf8), account: "a d@example.org", issuer: "Rapport")
        #expect(uri.hasPrefix("otpauth://totp/Rapport:a%20d%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rapport"))
    }
}
