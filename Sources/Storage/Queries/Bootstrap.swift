import Core

/// What the first start of all made: the default business and its first API key.
public struct Bootstrap: Sendable {
    public var business: BusinessID
    /// The key that was made, to be printed once; nil when the operator chose it themselves.
    public var generatedKey: String?

    /// The operator's own key can not be used.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case keyTooShort

        public var description: String {
            "RAPPORT_API_KEY must have at least \(APIKeySecret.minimumLength) characters, all of them visible ASCII"
        }
    }
}

extension Transaction {
    /// On the first start of all: makes the default business and one admin API key out of `chosenKey`, or a random one. Nil ever
    /// after. Businesses that a command has made before are others.
    ///
    /// Instances that start together take turns at the marker's row: the second waits for the first's commit and finds it there.
    public func bootstrap(chosenKey: String?) throws -> Bootstrap? {
        var secret: APIKeySecret?
        if let chosenKey {
            secret = APIKeySecret(chosen: chosenKey)
            if secret == nil { throw Bootstrap.Failure.keyTooShort }
        }
        let first =
            try execute(
                "INSERT INTO rapport_meta (key, value) VALUES ('bootstrap', 'done') ON CONFLICT (key) DO NOTHING") > 0
        guard first else { return nil }

        let business = Business(
            id: UUIDv7(at: now), name: "My business", postalAddress: "", supportEmail: "", timezone: "UTC", hours: .standard,
            defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
        try insertBusiness(business)
        let key = secret ?? APIKeySecret()
        _ = try createAPIKey(business: business.id, name: "first key", secret: key)
        return Bootstrap(business: business.id, generatedKey: secret == nil ? key.text : nil)
    }
}
