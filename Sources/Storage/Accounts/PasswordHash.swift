import Crypto
import CryptoExtras
import FoundationEssentials

/// A password as it is kept: scrypt (RFC 7914) with its own salt and the parameters it was made with.
///
/// Its text is `scrypt$17,8,1$salt$key`: the logarithm of N, r and p, then salt and key in base64.
public struct PasswordHash: Sendable, Hashable {
    /// What a guess costs.
    public struct Parameters: Sendable, Hashable {
        /// The binary logarithm of N.
        public var costLog2: Int
        public var blockSize: Int
        public var parallelism: Int

        public init(costLog2: Int, blockSize: Int, parallelism: Int) {
            self.costLog2 = costLog2
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        /// N = 2^17, r = 8, p = 1: 128 MiB and some tenths of a second for each guess (OWASP, Password Storage).
        public static let standard = Parameters(costLog2: 17, blockSize: 8, parallelism: 1)

        /// What a stored hash may ask for: a damaged row must not ask for all memory.
        var isBearable: Bool { (1...18).contains(costLog2) && (1...16).contains(blockSize) && (1...4).contains(parallelism) }
    }

    public var parameters: Parameters
    var salt: [UInt8]
    var key: [UInt8]

    private static let keyLength = 32
    private static let saltLength = 16

    /// Hashes `password` with a new salt. Takes as long as a guess does: see ``PasswordHasher``.
    ///
    /// - Throws: ``DatabaseError/unavailable(_:details:)`` where there is not enough memory.
    public init(_ password: String, parameters: Parameters) throws(DatabaseError) {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        self.parameters = parameters
        self.salt = salt
        key = try Self.derive(password, salt, parameters)
    }

    init(parameters: Parameters, salt: [UInt8], key: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.key = key
    }

    /// Whether it is the hash of `password`. Takes as long whatever the answer is.
    public func matches(_ password: String) throws(DatabaseError) -> Bool {
        let other = try Self.derive(password, salt, parameters)
        guard other.count == key.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(other, key) { difference |= a ^ b }
        return difference == 0
    }

    private static func derive(_ password: String, _ salt: [UInt8], _ parameters: Parameters) throws(DatabaseError) -> [UInt8] {
        guard parameters.isBearable, !salt.isEmpty else { throw .corrupt(details: "password hash") }
        // Never empty: the library takes the address of the first byte.
        let bytes = Array(password.utf8) + [0]
        do {
            return try KDF.Scrypt.deriveKey(
                from: bytes, salt: salt, outputByteCount: keyLength, rounds: 1 << parameters.costLog2,
                blockSize: parameters.blockSize, parallelism: parameters.parallelism
            ).withUnsafeBytes { Array($0) }
        } catch {
            throw .unavailable(.overloaded, details: "scrypt found no memory")
        }
    }
}

extension PasswordHash: LosslessStringConvertible {
    public init?(_ description: String) {
        let parts = description.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "scrypt", let salt = Base64.decode(parts[2]), let key = Base64.decode(parts[3]) else {
            return nil
        }
        let numbers = parts[1].split(separator: ",").compactMap { Int($0) }
        guard numbers.count == 3, !salt.isEmpty, key.count == Self.keyLength else { return nil }
        parameters = Parameters(costLog2: numbers[0], blockSize: numbers[1], parallelism: numbers[2])
        guard parameters.isBearable else { return nil }
        self.salt = salt
        self.key = key
    }

    public var description: String {
        "scrypt$\(parameters.costLog2),\(parameters.blockSize),\(parameters.parallelism)$\(Base64.encode(salt))$\(Base64.encode(key))"
    }
}
