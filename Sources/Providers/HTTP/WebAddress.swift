/// An `http` or `https` address in one spelling only, so that what is checked is what is connected to.
///
/// Stricter than RFC 3986: no user name, no host that two programs could read differently (numbers that are no plain IPv4 address,
/// percent signs, letters beyond ASCII, zones, a dot at the end), no character that would have to be escaped.
public struct WebAddress: Sendable, Hashable {
    /// A name to be resolved, or an address as it is.
    public enum Host: Sendable, Hashable {
        /// In lower case; letters, digits, hyphens, underscores and dots.
        case name(String)
        case address(NetworkAddress)
    }

    /// Why an address is refused; never repeats it.
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    public var isEncrypted: Bool
    public var host: Host
    /// Nil where the scheme's own port holds.
    public var port: Int?
    /// Path and query; begins with a slash.
    public var target: String

    public init(_ text: String) throws(Refusal) {
        let utf8 = Array(text.utf8)
        guard utf8.count <= 8192 else { throw Refusal(description: "the address is too long") }
        guard utf8.allSatisfy(Self.isAllowed) else {
            throw Refusal(description: "the address holds a character that does not belong there; write it escaped, a host as xn--…")
        }
        var rest = utf8[...]
        let lowered = utf8.prefix(8).map(Self.lowercased)
        if lowered.starts(with: Array("https://".utf8)) {
            isEncrypted = true
            rest = rest.dropFirst(8)
        } else if lowered.starts(with: Array("http://".utf8)) {
            isEncrypted = false
            rest = rest.dropFirst(7)
        } else {
            throw Refusal(description: "the address must begin with https:// or http://")
        }
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        (host, port) = try Self.authority(rest[..<end])
        let path = rest[end...].prefix { $0 != UInt8(ascii: "#") }
        target = (path.first == UInt8(ascii: "/") ? "" : "/") + String(decoding: path, as: UTF8.self)
    }

    private static func authority(_ text: ArraySlice<UInt8>) throws(Refusal) -> (Host, port: Int?) {
        guard !text.contains(UInt8(ascii: "@")) else { throw Refusal(description: "the address must not hold a user name") }
        var hostText = text
        var portText: ArraySlice<UInt8>?
        if text.first == UInt8(ascii: "[") {
            guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { throw Refusal(description: "the host is not closed with ]") }
            hostText = text[(text.startIndex + 1)..<close]
            let behind = text[(close + 1)...]
            guard behind.isEmpty || behind.first == UInt8(ascii: ":") else { throw Refusal(description: "the host is no name or address") }
            if !behind.isEmpty { portText = behind.dropFirst() }
            guard let address = NetworkAddress(v6: String(decoding: hostText, as: UTF8.self)) else {
                throw Refusal(description: "the host is no IPv6 address")
            }
            return (.address(address), try portText.map(Self.port))
        }
        if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            hostText = text[..<colon]
            portText = text[(colon + 1)...]
        }
        return (try name(hostText), try portText.map(Self.port))
    }

    private static func name(_ text: ArraySlice<UInt8>) throws(Refusal) -> Host {
        let name = String(decoding: text.map(lowercased), as: UTF8.self)
        guard !name.isEmpty, name.utf8.count <= 253 else { throw Refusal(description: "the host is no name or address") }
        if let address = NetworkAddress(v4: name) { return .address(address) }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-"),
                label.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
            else { throw Refusal(description: "the host is no name or address") }
        }
        // What ends in a number is an IPv4 address to many programs, each in its own way.
        guard let last = labels.last, !last.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            !last.starts(with: "0x".utf8)
        else { throw Refusal(description: "the host is written as an unusual number") }
        return .name(name)
    }

    private static func port(_ text: ArraySlice<UInt8>) throws(Refusal) -> Int {
        guard (1...5).contains(text.count), text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(String(decoding: text, as: UTF8.self)), (1...65535).contains(port)
        else { throw Refusal(description: "the port is no number from 1 to 65535") }
        return port
    }

    /// RFC 3986's characters without the quote and what some parsers mend.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension WebAddress {
    /// The host as it stands in an address, IPv6 in brackets.
    public var hostText: String {
        switch host {
        case .name(let name): name
        case .address(.v4(let value)): NetworkAddress.v4(value).description
        case .address(let address): "[\(address)]"
        }
    }

    /// Scheme, host and port; equal for addresses that one connection serves.
    public var origin: String {
        (isEncrypted ? "https://" : "http://") + hostText + (port.map { ":\($0)" } ?? "")
    }

    /// The whole address in its one spelling, without a fragment.
    public var text: String { origin + target }

    /// Why a host name may not be asked for on a user's behalf, whatever it resolves to; nil when it may.
    public var nameRefusal: String? {
        guard case .name(let name) = host else { return nil }
        guard name.contains(".") else { return "the host must be a full name" }
        let inner = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "localdomain"]
        return inner.contains { name.hasSuffix("." + $0) } ? "the host belongs to an inner network" : nil
    }
}
