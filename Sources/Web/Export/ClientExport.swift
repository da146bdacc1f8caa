import Core
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Storage

/// All that is held on a person, as JSON or as a page for people. It is written while it is read: a client of many years with
/// attachments would not fit into memory.
struct ClientExportAPI: Sendable {
    let database: Database
    let cipher: Cipher
    let log: AccessLog

    func export(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.clientID(), call.business)
        var query = call.query
        let format = query.oneOf("format", as: ExportOutput.Format.self) ?? Self.wanted(call.headers)
        try query.finish()
        let export = PersonExport(database: database, cipher: cipher, client: id, business: business)
        let head = try await export.head()
        try await call.noteAccess(.export, id)
        // So that the export holds the looks of this very moment, too.
        await log.flush()
        var answer = Answer(status: .ok, contentType: format == .json ? MediaType.json : MediaType.html)
        if format == .html {
            answer.headers = Page.headers(policy: ExportPage.policy)
            answer.headers[.contentDisposition] = "attachment; filename=\"export-\(Self.fileName(id)).html\""
        }
        answer.stream = ResponseBody { writer in
            try await export.write(head, to: ExportOutput(format, to: writer))
        }
        return answer
    }

    /// HTML where the caller asks for it and not for JSON.
    private static func wanted(_ headers: HTTPFields) -> ExportOutput.Format {
        let accepted = headers[values: .accept].joined(separator: ",").lowercased()
        return accepted.contains("text/html") && !accepted.contains("json") ? .html : .json
    }

    /// Client ids hold neither quotes nor slashes; a colon is no part of a file's name everywhere.
    private static func fileName(_ id: ClientID) -> String {
        id.text.replacing(":", with: "-").replacing("@", with: "-")
    }
}
