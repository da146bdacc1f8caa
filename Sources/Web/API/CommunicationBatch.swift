import Communications
import Core
import Crypto
import HTTPTypes
import Logging
import Storage

/// Many requests at once; each is judged, stored and answered by itself.
struct CommunicationBatchAPI: Sendable {
    let orchestrator: Orchestrator
    let fields: CommunicationFields

    static let most = 1_000
    /// Enough at once to share commits, few enough to leave room for others.
    private static let concurrency = 128
    /// Not the batch's own route: its keys are the callers', and one of them may look like a derived one.
    private static let route = "POST \(Path.communicationBatch.rawValue) item"

    private enum Outcome: Sendable {
        case accepted([UInt8])
        case refused(Problem)
    }

    func submit(_ call: Call) async throws -> Answer {
        // A thousand ordinary requests hold more values than one may.
        let document = try JSONDocument(parsing: call.body, limits: JSONLimits(maximumNodes: 2_000_000))
        var body = try FieldReader(document.root)
        let requests = body.requiredElements("requests", maxCount: Self.most)
        try body.finish()
        let outcomes = try await outcomes(requests, call)
        if let problem = Self.everythingRefused(outcomes) { return problem.answer }
        return answer(outcomes)
    }

    private func outcomes(_ requests: [JSONView], _ call: Call) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            var outcomes = [Outcome?](repeating: nil, count: requests.count)
            for (index, view) in requests.enumerated() {
                if index >= Self.concurrency, let (done, outcome) = try await group.next() { outcomes[done] = outcome }
                group.addTask { (index, try await self.outcome(of: view, index, call)) }
            }
            for try await (done, outcome) in group { outcomes[done] = outcome }
            return outcomes.compactMap { $0 }
        }
    }

    private func outcome(of view: JSONView, _ index: Int, _ call: Call) async throws -> Outcome {
        do {
            let request = try fields.request(view)
            try CommunicationsAPI.checkSize(view.rawBytes.count, request)
            // Derived from the batch's key: whoever repeats a batch that was interrupted sends nothing twice.
            let claim = call.idempotencyKey.map { key in
                IdempotencyClaim(route: Self.route, key: "\(key)#\(index)", fingerprint: Array(SHA256.hash(data: Array(view.rawBytes))))
            }
            switch try await orchestrator.submit(request, business: call.business, idempotency: claim, by: call.requester) {
            case .accepted(_, let body), .replayed(_, let body): return .accepted(body)
            }
        } catch let error where ConnectionFault.isCause(of: error) {
            throw error
        } catch {
            let problem = Problem(error)
            if problem.status.code == 500 {
                call.logger.error(
                    "batch_request_failed",
                    metadata: ["request_id": "\(call.requestID)", "index": "\(index)", "error": "\(String(reflecting: error))"])
            }
            return .refused(problem)
        }
    }

    /// The store is down or overloaded for all of them: that is not a partial success.
    private static func everythingRefused(_ outcomes: [Outcome]) -> Problem? {
        var first: Problem?
        for outcome in outcomes {
            guard case .refused(let problem) = outcome, problem.isTemporary else { return nil }
            first = first ?? problem
        }
        return first
    }

    private func answer(_ outcomes: [Outcome]) -> Answer {
        var writer = JSONWriter(capacity: outcomes.count * 600 + 64)
        var isFinal = true
        writer.object { json in
            json.array("results") { json in
                for outcome in outcomes {
                    json.object { json in
                        switch outcome {
                        case .accepted(let body):
                            json.member("status", 202)
                            json.member("communication", raw: body)
                        case .refused(let problem):
                            json.member("status", problem.status.code)
                            json.member("problem", raw: problem.answer.body)
                            if problem.isTemporary { isFinal = false }
                        }
                    }
                }
            }
        }
        var answer = Answer.json(.multipleAnswers, bytes: writer.bytes)
        answer.isFinal = isFinal
        return answer
    }
}

extension HTTPResponse.Status {
    /// RFC 4918, section 11.1.
    fileprivate static let multipleAnswers = HTTPResponse.Status(code: 207, reasonPhrase: "Multi-Status")
}
