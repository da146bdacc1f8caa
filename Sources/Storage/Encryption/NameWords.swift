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
    /// The business, so that equal words of two businesses differ.
    private let scope: (UInt64, UInt64)

    init(cipher: Cipher, business: BusinessID) {
        hash = SipHash(key: cipher.nameKey)
        scope = (business.high, business.low)
    }

    /// Everything by which `name` is to be found, eight bytes each, in an order that tells nothing.
    func all(of name: String) -> [UInt8] {
        var hashes: [UInt64] = []
        for word in Self.words(name) {
            for end in word.ends { hashes.append(token(word.bytes[..<end])) }
        }
        hashes.sort()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * 8)
        for (index, value) in hashes.enumerated() where index == 0 || value != hashes[index - 1] { Self.append(value, to: &bytes) }
        return bytes
    }

    /// What a name must have to answer to these words; nothing for a text without words.
    func wanted(by text: String) -> [[UInt8]] {
        Self.words(text).compactMap { word in
            guard let end = word.ends.last else { return nil }
            var bytes: [UInt8] = []
            Self.append(token(word.bytes[..<end]), to: &bytes)
            return bytes
        }
    }

    private func token(_ beginning: ArraySlice<UInt8>) -> UInt64 {
        hash.hash(after: scope, beginning)
    }

    /// A word's bytes, and where each of its first characters ends.
    private struct Word {
        var bytes: [UInt8] = []
        var ends: [Int] = []

        mutating func append(_ utf8: some Sequence<UInt8>) {
            guard ends.count < NameWords.longestBeginning else { return }
            bytes.append(contentsOf: utf8)
            ends.append(bytes.count)
        }
    }

    /// Lower-case letters and digits, accents with their letters.
    private static func words(_ text: String) -> [Word] {
        var words: [Word] = []
        var word = Word()
        func end() {
            if !word.ends.isEmpty { words.append(word) }
            word = Word()
        }
        // Most names are ASCII, and asking Unicode about each letter costs a hundred times as much.
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            for byte in text.utf8 {
                switch byte {
                case 0x41...0x5A: word.append(CollectionOfOne(byte | 0x20))
                case 0x61...0x7A, 0x30...0x39: word.append(CollectionOfOne(byte))
                default: end()
                }
            }
        } else {
            // Decomposed and composed spellings are one name.
            var scalars = String.UnicodeScalarView()
            for scalar in text.lowercased()._nfc { scalars.append(scalar) }
            for character in String(scalars) {
                if character.isLetter || character.isNumber { word.append(character.utf8) } else { end() }
            }
        }
        end()
        return words
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }
}
