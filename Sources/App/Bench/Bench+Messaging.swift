import Core
import Emulators
import Foundation
import NIOCore
import Providers

extension Bench {
    /// SMS and WhatsApp through the emulators, limits off: accepted, sent, reported as delivered, recorded.
    func messaging(_ report: inout BenchReport) async throws {
        let figures = try await MessagingStage.with(self) { stage in
            let requests = MessagingRequests(apiKey: stage.server.apiKey, channels: [.sms, .whatsapp])
            let clock = ContinuousClock()
            let began = clock.now
            let load = try await HTTPLoad.run(
                port: stage.server.port, connections: connections, seconds: seconds, on: group, request: { requests.request($0) })
            try check(load)
            let emulator = stage.emulator
            try await wait(atMost: .seconds(120)) { emulator.counters.allTaken >= load.answered }
            let sent = clock.now - began
            let delivered = try await stage.waitUntilNone(in: [.pending, .queued, .sending, .sent]) - began
            return (load, sent, delivered, emulator.counters)
        }
        let (load, sent, delivered, counters) = figures
        guard counters.allTaken == load.answered else { throw BenchFailure("\(load.answered) accepted, \(counters.allTaken) taken") }
        let count = Double(load.answered)
        report.add("SMS and WhatsApp: accepted, per second", "\(Int(load.perSecond))")
        report.add("SMS and WhatsApp: sent, per second", "\(Int(count / sent.inSeconds))")
        report.add("SMS and WhatsApp: receipts recorded, messages per second", "\(Int(count / delivered.inSeconds))")
        report.add("SMS and WhatsApp: accept p50 / p99, ms", "\(rounded(load.percentile(0.5))) / \(rounded(load.percentile(0.99)))")
        report.add("SMS and WhatsApp: messages, all sent once", "\(load.answered)")
        report.add("SMS and WhatsApp: callbacks, failed ones", "\(counters.callbacks), \(counters.callbackFailures)")
    }

    /// Signed Twilio status webhooks about messages that were sent before: two for each, out of order.
    func intake(_ report: inout BenchReport) async throws {
        let (load, recorded) = try await MessagingStage.with(self) { stage in
            stage.emulator.behave(.silent)
            let requests = MessagingRequests(apiKey: stage.server.apiKey, channels: [.sms])
            let filled = try await HTTPLoad.run(
                port: stage.server.port, connections: connections, total: min(rows, 30_000), seconds: 120, on: group,
                request: { requests.request($0) })
            try check(filled)
            _ = try await stage.waitUntilNone(in: [.pending, .queued, .sending])
            let webhooks = try statusWebhooks(stage)
            let clock = ContinuousClock()
            let began = clock.now
            let load = try await HTTPLoad.run(
                port: stage.server.port, connections: connections, total: webhooks.count, seconds: 300, on: group,
                request: { webhooks[$0 % webhooks.count] })
            try check(load)
            return (load, try await stage.waitUntilNone(in: [.sent]) - began)
        }
        report.add("webhooks stored before their answer, per second", "\(Int(load.perSecond))")
        report.add("webhook p50 / p99, ms", "\(rounded(load.percentile(0.5))) / \(rounded(load.percentile(0.99)))")
        report.add("webhooks, every message delivered after, s", "\(load.answered), \(rounded(recorded.inSeconds))")
    }

    /// First `delivered` of every message, then `sent`, as requests that are ready to leave.
    private func statusWebhooks(_ stage: MessagingStage) throws -> [ByteBuffer] {
        let account = stage.emulator.configuration.twilio
        let messages = stage.emulator.messages
        var requests: [ByteBuffer] = []
        for status in ["delivered", "sent"] {
            for message in messages {
                guard let callback = message.callbackURL?.split(separator: "#").first,
                    let path = callback.firstRange(of: "/api/").map({ callback[$0.lowerBound...] })
                else { throw BenchFailure("a message came without a status callback") }
                let fields = [
                    ("SmsSid", message.id), ("SmsStatus", status), ("MessageStatus", status), ("To", message.to),
                    ("MessageSid", message.id),
                    ("AccountSid", account.accountSID), ("From", message.from), ("ApiVersion", "2010-04-01"),
                ]
                let signature = TwilioSignature.sign(url: String(callback), parameters: fields, token: account.authToken)
                requests.append(
                    MessagingRequests.post(
                        String(path), String(decoding: FormEncoding.encode(fields), as: UTF8.self),
                        type: "application/x-www-form-urlencoded", headers: "X-Twilio-Signature: \(signature)\r\n"))
            }
        }
        return requests
    }

    /// E-mail and SMS at a fixed rate beside WhatsApp: first while it answers, then while it hangs.
    func bulkhead(_ report: inout BenchReport) async throws {
        let (well, hanging, waiting) = try await MessagingStage.with(self, keepsTimes: true) { stage in
            // What the first seconds cost belongs to neither.
            _ = try await paced(stage, perSecond: rate, seconds: min(seconds, 4), from: 0)
            let well = try await paced(stage, perSecond: rate, seconds: seconds, from: 1_000_000)
            stage.emulator.behave(.hang, provider: .whatsapp)
            let hanging = try await paced(stage, perSecond: rate, seconds: seconds, from: 2_000_000)
            let waiting = hanging.asked - stage.latencies(hanging.whatsApp, provider: .whatsapp).count
            return (well, hanging, waiting)
        }
        for (name, before, after) in [("e-mail", well.mail, hanging.mail), ("SMS", well.sms, hanging.sms)] {
            let (first, second) = (HTTPLoad.Result.percentile(before, 0.99), HTTPLoad.Result.percentile(after, 0.99))
            report.add("\(name), request to sink p99 with WhatsApp well / hanging, ms", "\(rounded(first)) / \(rounded(second))")
            report.add("\(name), ratio", first > 0 ? "\(Double(Int(second / first * 100)) / 100)" : "?")
            let (third, fourth) = (HTTPLoad.Result.percentile(before, 0.5), HTTPLoad.Result.percentile(after, 0.5))
            report.add("\(name), p50 with WhatsApp well / hanging, ms", "\(rounded(third)) / \(rounded(fourth))")
        }
        report.add("WhatsApp messages accepted while it hung, not begun of these", "\(hanging.asked), \(waiting)")
    }

    private struct Paced {
        var mail: [Int64]
        var sms: [Int64]
        var whatsApp: [Int: NIODeadline]
        var asked: Int
    }

    /// A third of the requests for each channel; returns once every e-mail and SMS has arrived.
    private func paced(_ stage: MessagingStage, perSecond: Double, seconds: Double, from first: Int) async throws -> Paced {
        let requests = MessagingRequests(apiKey: stage.server.apiKey, channels: [.email, .sms, .whatsapp], clients: .max)
        let before = (texts: stage.emulator.counters.sends[.twilio] ?? 0, mails: stage.sink.count)
        let load = try await HTTPLoad.run(
            port: stage.server.port, connections: connections, seconds: seconds, perSecond: perSecond, keepsDepartures: true, on: group,
            request: { requests.request($0 + first) })
        try check(load)
        let departures = Dictionary(uniqueKeysWithValues: load.departuresByNumber.map { ($0.key + first, $0.value) })
        func of(_ turn: Int) -> [Int: NIODeadline] { departures.filter { $0.key % 3 == turn } }
        let (mails, texts) = (of(0).count, of(1).count)
        let (emulator, sink) = (stage.emulator, stage.sink)
        try await wait(atMost: .seconds(60)) {
            emulator.counters.sends[.twilio] ?? 0 >= before.texts + texts && sink.count >= before.mails + mails
        }
        let arrivals = stage.sink.arrivals.times
        let mail = load.departures.compactMap { id, left in arrivals[id].map { ($0 - left).nanoseconds } }
        return Paced(mail: mail, sms: stage.latencies(of(1), provider: .twilio), whatsApp: of(2), asked: of(2).count)
    }
}

extension EmulatorCounters {
    /// Messages taken by both emulators.
    fileprivate var allTaken: Int { taken.values.reduce(0, +) }
}
