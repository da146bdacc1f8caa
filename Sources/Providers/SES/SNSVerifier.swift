import Core
import Crypto
import NIOSSL
import Synchronization
import _CryptoExtras

/// Checks signatures of Amazon SNS, versions 1 (SHA-1) and 2 (SHA-256).
///
/// The certificate is fetched from SNS itself and nowhere else: over https, whose chain and name the client verifies, from a host that
/// only AWS can have. Its own dates and name are checked too; its chain is not sent along, so that is all there is to check.
public final class SNSVerifier: Sendable {
    /// Whether a message is to be believed.
    public enum Verdict: Sendable, Hashable {
        case valid, invalid
        /// The certificate could not be fetched now.
        case unknown
    }

    private struct Entry {
        var key: _RSA.Signing.PublicKey
        var validFrom: Int64
        var validUntil: Int64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Fetches of the minute that began at `minute`.
        var minute: Int64 = 0
        var fetches = 0
    }

    private static let mostKept = 16
    /// Anybody may name certificates that are not there; that shall not make us knock at AWS for them.
    private static let mostFetchesAMinute = 10

    private let http: SafeHTTP
    private let clock: WallClock
    private let fetch: (@Sendable (String) async -> [UInt8]?)?
    private let state = Mutex(State())

    public convenience init(http: SafeHTTP, clock: WallClock) {
        self.init(http: http, clock: clock, fetch: nil)
    }

    /// - Parameter fetch: brings the certificate in place of the client.
    init(http: SafeHTTP, clock: WallClock, fetch: (@Sendable (String) async -> [UInt8]?)?) {
        self.http = http
        self.clock = clock
        self.fetch = fetch
    }

    /// Checks the signature against the certificate that the message names, which has to be Amazon's.
    public func verify(_ message: SNSMessage) async -> Verdict {
        guard Self.isCertificate(message.certificateURL), ["1", "2"].contains(message.signatureVersion),
            message.signature.count <= 1_024
        else { return .invalid }
        let entry: Entry
        if let known = state.withLock({ $0.entries[message.certificateURL] }) {
            entry = known
        } else {
            guard mayFetch(), let pem = await certificate(message.certificateURL) else { return .unknown }
            guard let read = Self.entry(pem) else { return .invalid }
            state.withLock { state in
                if state.entries.count >= Self.mostKept { state.entries.removeAll() }
                state.entries[message.certificateURL] = read
            }
            entry = read
        }
        let now = clock.now().milliseconds / 1_000
        guard entry.validFrom <= now, now <= entry.validUntil else {
            state.withLock { $0.entries[message.certificateURL] = nil }
            return .invalid
        }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: message.signature)
        let text = Array(message.signedText.utf8)
        let isValid =
            message.signatureVersion == "1"
            ? entry.key.isValidSignature(signature, for: Insecure.SHA1.hash(data: text), padding: .insecurePKCS1v1_5)
            : entry.key.isValidSignature(signature, for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5)
        return isValid ? .valid : .invalid
    }

    /// Confirms a subscription whose message was verified; only at SNS itself.
    ///
    /// - Returns: whether SNS said yes.
    public func confirm(_ message: SNSMessage) async -> Bool {
        guard message.kind == .subscription, let url = message.subscribeURL, Self.isAmazons(url) else { return false }
        if let fetch { return await fetch(url) != nil }
        return await get(url) != nil
    }

    private func mayFetch() -> Bool {
        let minute = clock.now().milliseconds / 60_000
        return state.withLock { state in
            if state.minute != minute { (state.minute, state.fetches) = (minute, 0) }
            state.fetches += 1
            return state.fetches <= Self.mostFetchesAMinute
        }
    }

    private func certificate(_ url: String) async -> [UInt8]? {
        if let fetch { return await fetch(url) }
        return await get(url)
    }

    private func get(_ url: String) async -> [UInt8]? {
        let request = SafeHTTP.Request(
            method: "GET", url: url, destination: .userSupplied, timeout: .seconds(10), maxResponseBytes: 1 << 16)
        guard let response = try? await http.send(request), response.status == 200 else { return nil }
        return response.body
    }

    /// `https://sns.REGION.amazonaws.com/…` (in China `.amazonaws.com.cn`), without port, user or anything else that could be read
    /// in two ways.
    static func isAmazons(_ url: String) -> Bool {
        guard url.utf8.count <= 2_048, url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }) else {
            return false
        }
        let rest = url.dropFirst("https://".count)
        guard let slash = rest.firstIndex(of: "/") else { return false }
        var labels = rest[..<slash].split(separator: ".", omittingEmptySubsequences: false)
        if labels.last == "cn" { labels.removeLast() }
        guard labels.count == 4, labels[0] == "sns", labels[2] == "amazonaws", labels[3] == "com" else { return false }
        return isRegion(labels[1])
    }

    /// `us-east-1`, `us-gov-west-1`: two letters, words, a number. No other service: `sns.s3.amazonaws.com` is whoever has the bucket
    /// `sns`, who can put a certificate there.
    private static func isRegion(_ label: Substring) -> Bool {
        let words = label.utf8.split(separator: 0x2D, omittingEmptySubsequences: false)
        guard words.count >= 3, words[0].count == 2, let number = words.last else { return false }
        return (1...2).contains(number.count) && number.allSatisfy { (0x30...0x39).contains($0) }
            && words.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy { (0x61...0x7A).contains($0) } }
    }

    /// A file that SNS itself publishes. Its API under the same host answers with texts of others, which may hold a certificate.
    static func isCertificate(_ url: String) -> Bool {
        guard isAmazons(url), url.hasSuffix(".pem"), let slash = url.lastIndex(of: "/") else { return false }
        let (host, name) = (url[..<slash], url[slash...].dropLast(".pem".count))
        return host.dropFirst("https://".count).allSatisfy { $0 != "/" } && name.hasPrefix("/SimpleNotificationService")
            && name.dropFirst().utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
            }
    }

    private static func entry(_ pem: [UInt8]) -> Entry? {
        guard let certificate = try? NIOSSLCertificate(bytes: pem, format: .pem), isAmazons(certificate),
            let spki = try? certificate.extractPublicKey().toSPKIBytes(),
            let key = try? _RSA.Signing.PublicKey(derRepresentation: spki), key.keySizeInBits >= 2_048
        else { return nil }
        return Entry(key: key, validFrom: Int64(certificate.notValidBefore), validUntil: Int64(certificate.notValidAfter))
    }

    private static func isAmazons(_ certificate: NIOSSLCertificate) -> Bool {
        certificate._subjectAlternativeNames().contains { name in
            guard name.nameType == .dnsName else { return false }
            let text = String(decoding: name.contents, as: UTF8.self)
            return text.hasPrefix("sns") && (text.hasSuffix(".amazonaws.com") || text.hasSuffix(".amazonaws.com.cn"))
        }
    }
}
