/// What a server must be to keep the product's promises.
enum PostgresStartChecks {
    static func run(on connection: PostgresConnection, allowsUnsafeDurability: Bool) throws(DatabaseError) {
        guard connection.serverVersion >= 130_000 else {
            throw .misconfigured("DATABASE_URL: PostgreSQL 13 or newer is needed; the server is \(connection.serverVersion / 10_000).")
        }
        guard try setting("server_encoding", connection) == "UTF8" else {
            throw .misconfigured("DATABASE_URL: the database must be encoded in UTF8.")
        }
        guard !allowsUnsafeDurability else { return }
        for name in ["fsync", "full_page_writes", "synchronous_commit"] where try setting(name, connection) == "off" {
            throw .misconfigured(
                "DATABASE_URL: the server's setting '\(name)' is off, so acknowledged messages would be lost in a power cut. Turn it on.")
        }
    }

    private static func setting(_ name: String, _ connection: PostgresConnection) throws(DatabaseError) -> String? {
        try connection.run("SELECT current_setting(\(name))").first?.textOrNil(0)
    }
}
