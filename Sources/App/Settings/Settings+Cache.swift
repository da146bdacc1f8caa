import Foundation
import NIOCore
import RESP
import Storage

extension Settings {
    /// Whether and where copies of records are kept.
    struct Cache: Sendable, Equatable {
        var isEnabled = true
        /// For which a copy is used at most.
        var seconds = 3600
        /// Nil: there is no Redis.
        var redis: RedisConfiguration?
        /// How long Redis may take for an answer before it counts as away. Not the operator's: callers rely on it.
        var patience = RedisCache.patience

        init() {}

        init(_ source: SettingsSource) throws(SettingsError) {
            isEnabled = try source.flag(.enableCaching) ?? true
            seconds = try source.integer(.cacheTTL, 1...86400) ?? 3600
            redis = try Self.redis(source)
        }

        private static func redis(_ source: SettingsSource) throws(SettingsError) -> RedisConfiguration? {
            guard let url = try source.text(.redisURL) else {
                for setting in [Setting.redisCAFile, .redisMaxConnections] where try source.text(setting) != nil {
                    throw SettingsError(setting, "is set, but REDIS_URL is not")
                }
                return nil
            }
            var configuration: RedisConfiguration
            do {
                configuration = try RedisConfiguration(url: url)
            } catch {
                throw SettingsError(.redisURL, "\(error)")
            }
            configuration.maxConnections = try source.integer(.redisMaxConnections, 1...200) ?? 10
            if let path = try source.text(.redisCAFile) {
                guard configuration.usesTLS else { throw SettingsError(.redisCAFile, "needs REDIS_URL to begin with rediss://") }
                guard let pem = FileManager.default.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) }),
                    pem.contains("BEGIN CERTIFICATE")
                else { throw SettingsError(.redisCAFile, "is not a readable file with certificates in PEM") }
                configuration.trustRoots = .systemAnd(pem: pem)
            }
            return configuration
        }
    }
}

extension RedisConfiguration {
    /// What to call it in front of people; never a password.
    var name: String {
        "Redis (\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)\(usesTLS ? ", TLS" : ""))"
    }

    /// Whether what is sent stays on this machine.
    var isLocal: Bool { ["localhost", "127.0.0.1", "::1"].contains(host) }
}
