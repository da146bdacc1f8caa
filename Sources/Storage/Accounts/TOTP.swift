import Core
import Crypto

/// One-time codes by the clock (RFC 6238): HMAC-SHA1, steps of 30 seconds, six digits. What every authenticator app does.
public enum TOTP {
    public static let stepSeconds: Int64 = 30
    /// RFC 4226 asks for 160 bits.
    static let secretLength = 20

    /// A random secret of 20 bytes, as RFC 4226 (section 4) recommends.
    public static func makeSecret() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<secretLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The number of the step in which `time` lies.
    public static func step(at time: Timestamp) -> Int64 { time.seconds / stepSeconds }

    /// The code of one step.
    ///
    /// - Parameter digits: 1 to 9.
    public static func code(secret: [UInt8], step: Int64, digits: Int = 6) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> Int64(56 - 8 * $0)) }
        let mac = HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)).withUnsafeBytes { Array($0) }
        // 20 bytes; the low half of the last one is an offset of at most 15 (RFC 4226, section 5.3).
        let offset = Int(mac[19] & 0x0F)
        var number = UInt32(mac[offset] & 0x7F) << 24 | UInt32(mac[offset + 1]) << 16
        number |= UInt32(mac[offset + 2]) << 8 | UInt32(mac[offset + 3])
        var text: [UInt8] = []
        for _ in 0..<min(max(digits, 1), 9) {
            text.append(UInt8(ascii: "0") + UInt8(number % 10))
            number /= 10
        }
        return String(decoding: text.reversed(), as: UTF8.self)
    }

    /// The step whose code this is, one step of a slow or fast clock to either side; nil for a wrong code.
    ///
    /// - Parameter after: the last step whose code was used: that one and those before are used up (RFC 6238, section 5.2).
    public static func matchingStep(code: String, secret: [UInt8], at time: Timestamp, after used: Int64?) -> Int64? {
        let now = step(at: time)
        var found: Int64?
        for step in (now - 1)...(now + 1) where equal(self.code(secret: secret, step: step), code) { found = step }
        guard let found, found > used ?? .min else { return nil }
        return found
    }

    /// What an authenticator app reads from a QR code.
    public static func uri(secret: [UInt8], account: String, issuer: String) -> String {
        let label = "\(encoded(issuer)):\(encoded(account))"
        return
            "otpauth://totp/\(label)?secret=\(Base32.encode(secret).uppercased())&issuer=\(encoded(issuer))&algorithm=SHA1&digits=6&period=30"
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
