import Core
import HTTPTypes

/// An error as callers see it: problem details (RFC 9457).
struct Problem: Sendable {
    var status: HTTPResponse.Status
    /// The last part of `type`, a name that programs can rely on.
    var name: String
    var title: String
    var detail: String
    var errors: [FieldError] = []
    var headers: HTTPFields = [:]

    /// The same request may succeed later.
    var isTemporary: Bool { status == .serviceUnavailable || status == .tooManyRequests }

    /// What every `type` starts with. A name, not a place: nothing needs to be fetched.
    static let typePrefix = "urn:rapport:problem:"

    var answer: Answer {
        var writer = JSONWriter()
        writer.object { json in
            json.member("type", Self.typePrefix + name)
            json.member("title", title)
            json.member("status", status.code)
            json.member("detail", detail)
            guard !errors.isEmpty else { return }
            json.array("errors") { json in
                for error in errors {
                    json.object { json in
                        json.member("field", error.field)
                        json.member("message", error.message)
                    }
                }
            }
        }
        return Answer(status: status, body: writer.bytes, contentType: MediaType.problem, headers: headers)
    }
}
