import Core

/// Every migration in order. Names never change and none is ever removed.
enum Migrations {
    struct Migration: Sendable {
        var name: String
        var statements: [String]
    }

    static let all = [
        Migration(name: M001_Initial.name, statements: M001_Initial.statements),
        Migration(name: M002_Receipts.name, statements: M002_Receipts.statements),
        Migration(name: M003_Replies.name, statements: M003_Replies.statements),
        Migration(name: M004_OutgoingEvents.name, statements: M004_OutgoingEvents.statements),
        Migration(name: M005_RateLimits.name, statements: M005_RateLimits.statements),
        Migration(name: M006_WhatsAppContent.name, statements: M006_WhatsAppContent.statements),
        Migration(name: M007_Accounts.name, statements: M007_Accounts.statements),
        Migration(name: M008_Ledgers.name, statements: M008_Ledgers.statements),
        Migration(name: M009_Consent.name, statements: M009_Consent.statements),
        Migration(name: M010_Bounces.name, statements: M010_Bounces.statements),
        Migration(name: M011_Privacy.name, statements: M011_Privacy.statements),
        Migration(name: M012_Encryption.name, statements: M012_Encryption.statements),
        Migration(name: M013_Tokens.name, statements: M013_Tokens.statements),
        Migration(name: M014_Links.name, statements: M014_Links.statements),
    ]

    /// All instances take the same lock while they migrate.
    private static let lock: Int64 = 0x5250_5402

    /// Applies what is missing, all or nothing.
    static func apply(_ tx: Transaction, _ migrations: [Migration] = all) throws(DatabaseError) {
        if tx.dialect == .postgresql { try tx.run("SELECT pg_advisory_xact_lock(\(lock))") }
        try tx.run(
            SQL(migration: "CREATE TABLE IF NOT EXISTS rapport_migrations (name TEXT PRIMARY KEY, applied_at {int} NOT NULL)", tx.dialect))
        var applied: Set<String> = []
        for row in try tx.run("SELECT name FROM rapport_migrations ORDER BY name") { applied.insert(try row.text(0)) }
        if let unknown = applied.subtracting(migrations.map(\.name)).max() { throw .schemaTooNew(found: unknown) }
        for migration in migrations where !applied.contains(migration.name) {
            for statement in migration.statements {
                let sql = SQL(migration: statement, tx.dialect)
                // It may be the other engine's alone.
                if !sql.text.isEmpty { try tx.run(sql) }
            }
            try tx.run("INSERT INTO rapport_migrations (name, applied_at) VALUES (\(migration.name), \(tx.now.milliseconds))")
        }
    }
}

extension SQL {
    fileprivate init(migration template: String, _ dialect: Dialect) {
        self.init(stringLiteral: dialect.expand(template))
    }
}

extension Database {
    /// The names of the migrations that this release knows, oldest first.
    public static let migrationNames = Migrations.all.map(\.name)
}
