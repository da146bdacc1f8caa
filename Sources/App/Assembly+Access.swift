import Logging
import ServiceLifecycle
import Web

extension Assembly {
    /// What runs beside the server for those who call it.
    func accessServices() -> [any Service] {
        let logger = Logger(label: "rapport.web")
        let credentials = CredentialUpkeep(keys: web.keys, database: store.database, logger: logger)
        guard let tls else { return [credentials] }
        return [credentials, CertificateWatch(tls: tls, logger: logger)]
    }
}
