import Core

/// How many wrong passwords and codes are taken before each further one costs time.
///
/// Three counts run side by side. The one for an account from one address is tight, so that guessing ends soon; the one for the
/// account from everywhere is wider, so that a stranger does not keep its owner out by five wrong guesses; the one for an address
/// is for many accounts tried with one password.
public struct SignInLimit: Sendable, Hashable {
    /// Whom a count is about. Nothing readable is stored of it.
    public var subject: [UInt8]
    /// Failures that cost nothing.
    public var free: Int
    /// The longest wait, in seconds.
    public var longest: Int64
    /// A success forgets the count.
    public var isForgottenOnSuccess: Bool

    /// A count is forgotten after this long without a failure.
    public static let memorySeconds: Int64 = 86_400

    /// - Parameters:
    ///   - account: whatever names the account, whether or not it exists.
    ///   - address: of the other end; nil where nobody knows.
    public static func all(account: [UInt8], address: String?, _ cipher: Cipher) -> [SignInLimit] {
        let network = Array((address.map(network) ?? "").utf8)
        func subject(_ kind: UInt8, _ parts: [UInt8]) -> [UInt8] { cipher.authenticationCode(of: [kind] + parts, purpose: "sign-in limit") }
        return [
            SignInLimit(subject: subject(1, account + network), free: 5, longest: 900, isForgottenOnSuccess: true),
            SignInLimit(subject: subject(2, account), free: 20, longest: 900, isForgottenOnSuccess: true),
            // Many people may share one address; forgetting it on success would let an attacker with an account of their own go on.
            SignInLimit(subject: subject(3, network), free: 100, longest: 300, isForgottenOnSuccess: false),
        ]
    }

    /// For asking for letters: three to one person, thirty from one address, then slower and slower.
    public static func resets(account: [UInt8], address: String?, _ cipher: Cipher) -> [SignInLimit] {
        let network = Array((address.map(network) ?? "").utf8)
        func subject(_ kind: UInt8, _ parts: [UInt8]) -> [UInt8] { cipher.authenticationCode(of: [kind] + parts, purpose: "sign-in limit") }
        return [
            SignInLimit(subject: subject(4, account), free: 3, longest: 3_600, isForgottenOnSuccess: false),
            SignInLimit(subject: subject(5, network), free: 30, longest: 3_600, isForgottenOnSuccess: false),
        ]
    }

    /// Seconds until the next try after this many failures: none, then 2, 4, 8 … up to the longest.
    public func delay(failures: Int) -> Int64 {
        guard failures >= free else { return 0 }
        let doublings = min(failures - free, 20)
        return min(longest, 2 << Int64(doublings))
    }

    /// An IPv6 network of 64 bits is one household: its owner has all addresses in it.
    static func network(_ address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        var groups: [Substring] = []
        for group in address.split(separator: ":", omittingEmptySubsequences: false) {
            // What follows `::` is the end of the address; the zeros it stands for reach into the first half or begin after it.
            if group.isEmpty, !groups.isEmpty { break }
            groups.append(group)
        }
        return groups.prefix(4).joined(separator: ":") + "::/64"
    }
}
