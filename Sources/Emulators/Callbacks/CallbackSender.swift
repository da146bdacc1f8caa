import Core
import Providers

/// Signs callbacks as their provider does and sends them once.
struct CallbackSender: Sendable {
    let http: SafeHTTP
    let authToken: String
    let appSecret: String
    let businessAccountID: String
    let connectTo: String?

    func address(_ url: String) -> CallbackAddress? { CallbackAddress(url, connectTo: connectTo) }

    /// - Parameter retryToken: names the callback in every try of it but the first.
    func sendForm(_ fields: [(String, String)], to address: CallbackAddress, retryToken: String? = nil) async -> CallbackResult {
        var headers = [
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("User-Agent", "TwilioProxy/1.1 (emulator)"),
            ("X-Twilio-Signature", TwilioSignature.sign(url: address.signed, parameters: fields, token: authToken)),
        ]
        if let retryToken { headers.append(("I-Twilio-Idempotency-Token", retryToken)) }
        return await send(to: address, headers: headers, body: FormEncoding.encode(fields))
    }

    /// All of `changes` in one call.
    func sendChanges(_ changes: [[UInt8]], to address: CallbackAddress, at now: Timestamp) async -> CallbackResult {
        var json = JSONWriter(capacity: 256 + changes.reduce(0) { $0 + $1.count + 1 })
        json.object { json in
            json.member("object", "whatsapp_business_account")
            json.array("entry") { json in
                json.object { json in
                    json.member("id", businessAccountID)
                    json.member("time", now.seconds)
                    json.array("changes") { json in
                        for change in changes { json.raw(change) }
                    }
                }
            }
        }
        let headers = [
            ("Content-Type", "application/json"), ("User-Agent", "facebookexternalua (emulator)"),
            ("X-Hub-Signature-256", WhatsAppSignature.sign(body: json.bytes, secret: appSecret)),
        ]
        return await send(to: address, headers: headers, body: json.bytes)
    }

    /// The question that WhatsApp asks when a webhook is set up.
    func verify(_ address: CallbackAddress, token: String, challenge: String) async -> CallbackResult {
        let query = FormEncoding.encode([("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", token)])
        let url = address.target + "?" + String(decoding: query, as: UTF8.self)
        return await send(
            SafeHTTP.Request(method: "GET", url: url, destination: .configured, timeout: .seconds(15), maxResponseBytes: 65_536))
    }

    private func send(to address: CallbackAddress, headers: [(String, String)], body: [UInt8]) async -> CallbackResult {
        let request = SafeHTTP.Request(
            method: "POST", url: address.target, headers: headers, body: body, destination: .configured, timeout: .seconds(15),
            maxResponseBytes: 65_536)
        return await send(request)
    }

    private func send(_ request: SafeHTTP.Request) async -> CallbackResult {
        do {
            let response = try await http.send(request)
            return CallbackResult(status: response.status, body: response.body)
        } catch {
            return CallbackResult(fault: "\(error)")
        }
    }
}
