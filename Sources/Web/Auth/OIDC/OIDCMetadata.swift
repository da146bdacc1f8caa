import Core
import Providers

/// What we use of a provider's discovery document (OpenID Connect Discovery 1.0, section 3).
struct OIDCMetadata: Sendable, Hashable {
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keysURL: String
    /// The client's secret goes into the form rather than into a header.
    let wantsSecretInForm: Bool

    init(_ bytes: [UInt8], _ configuration: OIDCConfiguration) throws(OIDCFailure) {
        guard let document = try? JSONDocument(parsing: bytes).root, document.kind == .object else {
            throw .provider("the discovery document is no JSON object")
        }
        // Or one provider could speak for another.
        guard document["issuer"]?.string == configuration.issuer else { throw .provider("the discovery document names another issuer") }
        authorizationEndpoint = try Self.endpoint("authorization_endpoint", document, configuration)
        tokenEndpoint = try Self.endpoint("token_endpoint", document, configuration)
        keysURL = try Self.endpoint("jwks_uri", document, configuration)
        let methods = document["token_endpoint_auth_methods_supported"].map { Array($0.elements).compactMap(\.string) }
        wantsSecretInForm = methods.map { !$0.contains("client_secret_basic") && $0.contains("client_secret_post") } ?? false
    }

    /// In the one spelling that is connected to.
    private static func endpoint(
        _ name: String, _ document: JSONView, _ configuration: OIDCConfiguration
    ) throws(OIDCFailure) -> String {
        guard let text = document[name]?.string, let address = try? WebAddress(text) else {
            throw .provider("\(name) is no address")
        }
        guard address.isEncrypted || address.origin == configuration.origin else { throw .provider("\(name) is not encrypted") }
        return address.text
    }
}
