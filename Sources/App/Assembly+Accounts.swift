import Communications
import Core
import Logging
import ServiceLifecycle
import Storage
import Web

extension Assembly {
    /// What signing in needs beside the server: letters to staff, and the removal of what is over.
    static func accountServices(_ web: WebParts) -> [any Service] {
        [web.passwordResets, AccountPurge(database: web.database, logger: Logger(label: "rapport.web"))]
    }
}
