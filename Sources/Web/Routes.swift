/// The table of contents: every route of the server and where its code lives.
enum Routes {
    static func table(_ parts: WebParts) -> RouteTable {
        let table = RouteTable()
        return table
    }
}
