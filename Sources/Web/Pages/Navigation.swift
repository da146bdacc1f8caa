import Core

/// The links in the header of every page, each for those who may follow it.
enum Navigation {
    struct Item: Sendable {
        var title: String
        var path: Path
        /// Nil: everybody who signed in.
        var permission: Permission?
    }

    static let items = [
        Item(title: "Sandbox", path: .sandbox, permission: .readCommunications),
        Item(title: "Clients", path: .clientsPage, permission: .readClients),
        Item(title: "Audit", path: .auditPage, permission: .readAudit),
        Item(title: "Users", path: .usersPage, permission: .readAccounts),
        Item(title: "Account", path: .accountPage, permission: nil),
    ]

    /// What `viewer` may follow. An API key has no account.
    static func items(for viewer: Viewer) -> [Item] {
        items.filter { item in
            if item.path == .accountPage { return viewer.user != nil }
            return item.permission.map(viewer.credential.permissions.contains) ?? true
        }
    }
}
