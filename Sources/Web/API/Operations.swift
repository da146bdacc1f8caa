import Core
import HTTPTypes

/// Whether the process is up, and whether it can do its work.
struct OperationsAPI: Sendable {
    let readiness: Readiness
    let metrics: @Sendable () async -> [UInt8]

    func health(_: Incoming) async -> Answer {
        .json { json in json.member("status", "ok") }
    }

    func ready(_: Incoming) async -> Answer {
        let report = await readiness.report()
        return .json(report.isReady ? .ok : .serviceUnavailable) { json in
            json.member("status", report.isReady ? "ready" : "not_ready")
            json.object("components") { json in
                for component in report.components {
                    json.key(dynamic: component.name)
                    json.object { json in
                        json.member("status", component.state.rawValue)
                        json.member("detail", component.detail)
                    }
                }
            }
        }
    }

    func metricsText(_: Incoming) async -> Answer {
        Answer(status: .ok, body: await metrics(), contentType: MediaType.prometheus)
    }

    func openAPI(_: Incoming) async -> Answer {
        .json(bytes: OpenAPIDocument.bytes)
    }
}
