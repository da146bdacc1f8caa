/// The table of contents: every route of the server and where its code lives.
///
/// `get` reads; `put`, `post` and `delete` also take care of `Idempotency-Key`.
enum Routes {
    static func table(_ parts: WebParts) -> RouteTable {
        var table = RouteTable()
        records(parts, &table)
        return table
    }

    /// Business, clients, preferences, message types, templates.
    private static func records(_ parts: WebParts, _ table: inout RouteTable) {
    }
}
