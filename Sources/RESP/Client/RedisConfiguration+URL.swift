extension RedisConfiguration {
    /// Reads `redis://[[user]:password@]host[:port][/database]`; `rediss://` is the same with TLS. `%` escapes count in user name and
    /// password, an IPv6 address stands in brackets, `?db=1` is another way to name the database.
    ///
    /// - Throws: ``RESPError/configuration(_:)``, whose text repeats nothing of the URL.
    public init(url: String) throws(RESPError) {
        let rest: Substring
        let usesTLS: Bool
        if url.hasPrefix("redis://") {
            (rest, usesTLS) = (url.dropFirst("redis://".count), false)
        } else if url.hasPrefix("rediss://") {
            (rest, usesTLS) = (url.dropFirst("rediss://".count), true)
        } else {
            throw .configuration("must begin with redis:// or rediss://")
        }
        guard !rest.contains("#") else { throw .configuration("has a fragment, which means nothing; write # as %23") }
        let (beforeQuery, query) = Self.split(rest, at: "?")
        // A slash inside the password has to be written as %2F, so the first one ends the authority.
        let (authority, path) = Self.split(beforeQuery, at: "/")
        let (credentials, address) = Self.credentials(authority)
        let (host, port) = try Self.hostAndPort(address)
        self.init(host: host, port: port)
        self.usesTLS = usesTLS
        if let credentials {
            let (user, password) = Self.split(credentials, at: ":")
            username = try user.isEmpty ? nil : Self.decoded(user)
            self.password = try password.map { word throws(RESPError) in try Self.decoded(word) }
            if self.password?.isEmpty == true, username == nil { self.password = nil }
        }
        if let path, !path.isEmpty { database = try Self.number(path, in: 0...65535, name: "database") }
        if let query, !query.isEmpty {
            guard query.hasPrefix("db="), path?.isEmpty ?? true else { throw .configuration("has parameters that are not known here") }
            database = try Self.number(query.dropFirst(3), in: 0...65535, name: "database")
        }
        if let problem { throw problem }
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func credentials(_ authority: Substring) -> (Substring?, Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, authority) }
        return (authority[..<at], authority[authority.index(after: at)...])
    }

    private static func hostAndPort(_ address: Substring) throws(RESPError) -> (String, Int) {
        var host = address
        var port: Substring?
        if address.hasPrefix("[") {
            guard let end = address.firstIndex(of: "]") else { throw .configuration("has an address without its closing bracket") }
            host = address[address.index(after: address.startIndex)..<end]
            let after = address[address.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw .configuration("has something between address and port") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else {
            (host, port) = split(address, at: ":")
        }
        guard !host.isEmpty else { throw .configuration("names no host") }
        guard let port, !port.isEmpty else { return (String(host), 6379) }
        return (String(host), try number(port, in: 1...65535, name: "port"))
    }

    private static func number(_ text: Substring, in range: ClosedRange<Int>, name: String) throws(RESPError) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number) else {
            throw .configuration("the \(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func decoded(_ text: Substring) throws(RESPError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else {
                throw .configuration("has a % in user name or password that begins no escape; write it as %25")
            }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
