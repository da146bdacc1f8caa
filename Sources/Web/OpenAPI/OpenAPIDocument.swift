import Core

/// The OpenAPI description, put together from its pieces: one file for what is common, one for each group of routes.
enum OpenAPIDocument {
    /// The whole document as JSON.
    static let bytes = assemble(pieces.map { Asset.bytes("openapi/\($0).json") })

    /// The first one carries everything but the others' `paths` and `components`.
    static let pieces = [
        "base",
        "communications",
        "workflow",
        "replies",
        "clients",
        "preferences",
        "business",
        "message-types",
        "templates",
        "whatsapp",
        "provider-webhooks",
        "webhooks",
        "ledgers",
        "operations",
        "privacy",
        "access",
        "pages",
        "accounts",
        "account-pages",
        "staff-pages",
        "consent",
        "public-links",
        "suppressions",
        "mail-webhooks",
    ]

    /// Members of `paths` and of each group in `components` are joined; every other member is the first piece's.
    static func assemble(_ pieces: [[UInt8]]) -> [UInt8] {
        let documents = pieces.compactMap { try? JSONDocument(parsing: $0).root }
        guard let base = documents.first else { return Array("{}".utf8) }
        var json = JSONWriter(capacity: pieces.reduce(0) { $0 + $1.count })
        json.object { json in
            for (key, value) in base.members where key != "paths" && key != "components" {
                json.key(dynamic: key)
                json.raw(value.rawBytes)
            }
            json.object("paths") { json in join(documents.compactMap { $0["paths"] }, &json) }
            json.object("components") { json in
                for group in ["schemas", "parameters", "headers", "responses", "securitySchemes"] {
                    json.key(dynamic: group)
                    json.object { json in join(documents.compactMap { $0["components"]?[group] }, &json) }
                }
            }
        }
        return json.bytes
    }

    private static func join(_ objects: [JSONView], _ json: inout JSONWriter) {
        for object in objects {
            for (key, value) in object.members {
                json.key(dynamic: key)
                json.raw(value.rawBytes)
            }
        }
    }
}
