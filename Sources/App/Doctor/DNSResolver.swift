import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks the machine's resolver over UDP. Blocks for a few seconds at most: for commands, not for the server.
enum DNSResolver {
    /// What the TXT records of a name say.
    static func texts(of name: String) throws(DNSFailure) -> [String] {
        guard let (answer, id) = try ask(name, .text) else { return [] }
        return try DNSMessage.texts(in: answer, id: id)
    }

    /// What the MX records of a name say.
    static func exchanges(of name: String) throws(DNSFailure) -> [MailExchange] {
        guard let (answer, id) = try ask(name, .mailExchange) else { return [] }
        return try DNSMessage.exchanges(in: answer, id: id)
    }

    /// Nil for names that DNS can not carry.
    private static func ask(_ name: String, _ type: DNSMessage.RecordType) throws(DNSFailure) -> (answer: [UInt8], id: UInt16)? {
        let servers = servers(
            in: FileManager.default.contents(atPath: "/etc/resolv.conf").map { String(decoding: $0, as: UTF8.self) } ?? "")
        guard !servers.isEmpty else { throw .noResolver }
        let id = UInt16.random(in: 0...UInt16.max)
        guard let question = DNSMessage.question(id: id, name: name, type) else { return nil }
        for server in servers.prefix(3) {
            guard let answer = ask(server, question) else { continue }
            return (answer, id)
        }
        throw .noAnswer
    }

    static func servers(in configuration: String) -> [String] {
        configuration.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.count >= 2 && words[0] == "nameserver" ? String(words[1]) : nil
        }
    }

    private static func ask(_ server: String, _ question: [UInt8]) -> [UInt8]? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        #else
            hints.ai_socktype = SOCK_DGRAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(server, "53", &hints, &list) == 0, let address = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        let file = socket(address.ai_family, address.ai_socktype, 0)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connect(file, address.ai_addr, address.ai_addrlen) == 0, send(file, question, question.count, 0) == question.count else {
            return nil
        }
        var answer = [UInt8](repeating: 0, count: 4096)
        let count = recv(file, &answer, answer.count, 0)
        return count > 0 ? Array(answer.prefix(count)) : nil
    }
}
