/// A callback's address: what is signed, what is connected to, and what its fragment asks of Twilio.
struct CallbackAddress: Sendable {
    /// Without the fragment: what the signature covers.
    let signed: String
    /// What is connected to.
    let target: String
    /// Tries after the first one.
    let retries: Int
    /// What is tried again: `ct` (no connection), `rt` (no answer), `4xx`, `5xx`, `all`.
    let retriesOn: Set<String>

    /// Nil unless `text` is an absolute `http` or `https` URL without spaces and controls.
    init?(_ text: String, connectTo: String? = nil) {
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let pieces = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let address = pieces[0]
        guard let scheme = ["https://", "http://"].first(where: { address.lowercased().hasPrefix($0) }) else { return nil }
        let rest = address.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, authority.first != ":" else { return nil }
        signed = String(address)
        target = connectTo.map { Self.withoutSlash($0) + rest.dropFirst(authority.count) } ?? signed
        var (retries, retriesOn) = (1, Set(["ct"]))
        for option in (pieces.count == 2 ? pieces[1] : "").split(separator: "&") {
            let parts = option.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            if parts[0] == "rc", let count = Int(parts[1]), (0...5).contains(count) { retries = count }
            if parts[0] == "rp" { retriesOn = Set(parts[1].split(separator: ",").map(String.init)) }
        }
        self.retries = retries
        self.retriesOn = retriesOn
    }

    /// The host, in lower case.
    var host: String {
        let rest = signed.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        return String(rest.prefix { $0 != "/" && $0 != "?" && $0 != ":" }).lowercased()
    }

    /// Whether Twilio would try again after `result`.
    func triesAgain(after result: CallbackResult) -> Bool {
        if retriesOn.contains("all") { return !result.isTaken }
        switch result.status {
        case nil: return retriesOn.contains("ct") || retriesOn.contains("rt")
        case let status? where status >= 500: return retriesOn.contains("5xx")
        case let status? where status >= 400: return retriesOn.contains("4xx")
        default: return false
        }
    }

    static func withoutSlash(_ base: String) -> String {
        base.hasSuffix("/") ? String(base.dropLast()) : base
    }
}
