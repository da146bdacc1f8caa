import Communications
import Core
import Providers
import Storage

/// Reads what callers say about endpoints.
struct WebhookEndpointFields: Sendable {
    static let longestURL = 2_048
    static let longestDescription = 500

    /// Also lets addresses be unencrypted.
    let allowsPrivateNetworks: Bool

    /// What a caller decides about an endpoint; `secret` is only for new ones.
    func wishes(_ body: inout FieldReader) -> WebhookEndpoint.Wishes {
        let url = body.requiredConvert("url", maxLength: Self.longestURL, placeholder: "") { text throws(FieldMessage) in
            if let message = problem(with: text) { throw FieldMessage(message) }
            return text
        }
        let description = body.string("description", maxLength: Self.longestDescription, .line) ?? ""
        let types: [OutgoingEventType] = body.listOf("event_types") ?? []
        return WebhookEndpoint.Wishes(url: url, description: description, eventTypes: types)
    }

    /// Nil when events may be sent there. Names are looked up and checked at each sending.
    func problem(with url: String) -> String? {
        let address: WebAddress
        do {
            address = try WebAddress(url)
        } catch {
            return error.description
        }
        if allowsPrivateNetworks { return nil }
        guard address.isEncrypted else { return "must begin with https://" }
        // What no sending would ever reach is said here, not in the record of its failures.
        if let reason = address.nameRefusal { return "must be in a public network: \(reason)" }
        guard case .address(let literal) = address.host, let reason = NetworkAddressRule.refusal(of: literal) else { return nil }
        return "must be in a public network, not in one of this kind: \(reason)"
    }
}
