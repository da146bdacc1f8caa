import Core
import Crypto
// The standard library's normaliser has no public name yet; Foundation's would pull in ICU.
@_spi(_Unicode) import Swift

/// Finds people by sealed names: the beginnings of a name's words as keyed hashes, different for each business.
///
/// What a reader of the table learns is which clients of a business share the beginning of a word, not what it is.
struct NameWords: Sendable {
    /// Longer beginnings are found by their first so many characters.
    static let longestBeginning = 12

    private let hash: SipHash

    init(cipher: Cipher, business: BusinessID) {
        hash = SipHash(key: cipher.nameKey)
        scope = [business.high, business.low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    private let scope: [UInt8]

    /// Everything by which `name` is to be found, eight bytes each, in an order that tells nothing.
    func all(of name: String) -> [UInt8] {
        var hashes: Set<UInt64> = []
        for word in Self.words(name) {
            for length in 1...max(1, min(word.count, Self.longestBeginning)) { hashes.insert(token(word.prefix(length))) }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * 8)
        for value in hashes.sorted() { bytes.append(contentsOf: Self.bytes(value)) }
        return bytes
    }

    /// What a name must have to answer to these words; nothing for a text without words.
    func wanted(by text: String) -> [[UInt8]] {
        Self.words(text).map { Self.bytes(token($0.prefix(Self.longestBeginning))) }
    }

    private func token(_ beginning: Substring) -> UInt64 {
        hash.hash(scope + Array(beginning.utf8))
    }

    /// Lower-case letters and digits, accents with their letters.
    private static func words(_ text: String) -> [Substring] {
        // Decomposed and composed spellings are one name.
        var scalars = String.UnicodeScalarView()
        for scalar in text.lowercased()._nfc { scalars.append(scalar) }
        return String(scalars).split { !$0.isLetter && !$0.isNumber }
    }

    private static func bytes(_ value: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt64($0)) }
    }
}
