import Core
import FoundationEssentials
import JWTKit
import Storage
import Synchronization

/// Makes and checks access tokens (RFC 9068): proof, for a quarter of an hour, that a program acts for a person.
///
/// Signed with a key of this store's own, which all its instances derive, and by one algorithm. What a signature proves is then looked up:
/// a token ends at once with its family, the password, the role, the membership or the account.
public final class AccessTokens: Sendable {
    static let lifetimeSeconds: Int64 = 900
    static let type = "at+jwt"
    /// The clocks of two instances may differ by so much.
    static let leeway: Int64 = 30

    enum Verdict: Sendable, Hashable {
        case valid(Credential)
        /// We signed it, but it is over.
        case over
        /// It is none of ours.
        case foreign
    }

    let database: Database
    private let cipher: Cipher
    private let clock: WallClock
    /// Who issues them and for whom: both the public address.
    private let issuer: String
    private let key = Mutex<(any JWTAlgorithm)?>(nil)

    public init(database: Database, cipher: Cipher, clock: WallClock, baseURL: String) {
        self.database = database
        self.cipher = cipher
        self.clock = clock
        issuer = baseURL
    }

    /// Whether it looks like a token rather than an API key.
    static func isCandidate(_ text: Substring) -> Bool { text.hasPrefix("eyJ") && text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2 }

    func issue(_ family: TokenFamily) async throws -> String {
        let now = clock.now()
        var claims = JSONWriter()
        claims.object { json in
            json.member("iss", issuer)
            json.member("aud", issuer)
            json.member("sub", family.user.description)
            json.member("client_id", "rapport")
            json.member("iat", now.seconds)
            json.member("nbf", now.seconds)
            json.member("exp", now.seconds + Self.lifetimeSeconds)
            json.member("jti", UUIDv7(at: now).description)
            json.member("sid", family.id.description)
            json.member("business_id", family.business.description)
            json.member("scope", family.permissions.text)
        }
        return try CompactJWS.sign(claims.bytes, type: Self.type, with: await algorithm())
    }

    func verdict(on text: Substring) async throws -> Verdict {
        guard let (family, end) = try await signedFamily(in: text) else { return .foreign }
        guard let family, let end, let live = try await database.read({ tx in try tx.liveTokenFamily(family.id) }),
            live.family.user == family.user, live.family.business == family.business
        else { return .over }
        return .valid(
            Credential(
                business: live.family.business, actor: live.user.actor, permissions: live.family.permissions, expiresAt: end))
    }

    /// The family that a token of ours names, whether or not the token is over; nil where it is not ours.
    func family(of text: Substring) async throws -> UUIDv7? {
        guard let jws = CompactJWS(text), jws.algorithm == "HS256", jws.type == Self.type, jws.isSigned(by: try await algorithm()) else {
            return nil
        }
        return jws.claims["sid"]?.string.flatMap { UUIDv7($0) }
    }

    private struct Named: Sendable {
        let id: UUIDv7
        let user: UUIDv7
        let business: BusinessID
    }

    /// Nil: not signed by us. Without a family: signed, but not for here and now.
    private func signedFamily(in text: Substring) async throws -> (family: Named?, end: Timestamp?)? {
        guard let jws = CompactJWS(text), jws.algorithm == "HS256", jws.isSigned(by: try await algorithm()) else { return nil }
        let (claims, now) = (jws.claims, clock.now().seconds)
        guard jws.type == Self.type, claims["iss"]?.string == issuer, claims["aud"]?.string == issuer,
            let begin = claims.claimSeconds("nbf"), let issued = claims.claimSeconds("iat"), let end = claims.claimSeconds("exp"),
            begin <= now + Self.leeway, issued <= now + Self.leeway, now < end, end - issued <= Self.lifetimeSeconds,
            claims["jti"]?.string?.isEmpty == false, let id = claims["sid"]?.string.flatMap({ UUIDv7($0) }),
            let user = claims["sub"]?.string.flatMap({ UUIDv7($0) }), let business = claims["business_id"]?.string.flatMap({ UUIDv7($0) })
        else { return (nil, nil) }
        return (Named(id: id, user: user, business: business), Timestamp(milliseconds: end * 1_000))
    }

    private func algorithm() async throws -> any JWTAlgorithm {
        if let known = key.withLock({ $0 }) { return known }
        let secret = cipher.authenticationCode(of: [UInt8](), purpose: "access token key")
        let made = try await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256).getKey()
        key.withLock { $0 = made }
        return made
    }
}
