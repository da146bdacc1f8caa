/// The address that links in messages lead to.
struct PublicAddressCheck: Sendable {
    let settings: Settings

    func run() -> [Finding] {
        guard settings.baseURL.hasPrefix("http://") else { return [] }
        var findings: [Finding] = []
        if !settings.isLocal { findings.append(.note("settings", "API_BASE_URL is not https: links in messages travel in clear")) }
        if settings.mail != nil {
            findings.append(
                .note(
                    "settings", Settings.oneClickNeedsHTTPS,
                    "give API_BASE_URL an address with https://: large mailbox providers want one click from whoever sends much"))
        }
        return findings
    }
}

extension Settings {
    /// In the start line and by the doctor.
    static let oneClickNeedsHTTPS = "marketing mail goes without one-click unsubscribing (RFC 8058), which needs https in API_BASE_URL"

    /// Nobody but this machine comes by the public address.
    var isLocal: Bool {
        ["http://localhost", "https://localhost", "http://127.", "https://127."].contains { baseURL.hasPrefix($0) }
    }
}
