import NIOPosix
import Providers
import Web

/// The provider whose accounts people may sign in with: does it tell what a sign-in needs.
struct OIDCCheck: Sendable {
    let settings: Settings

    /// Nothing where no provider is configured.
    func run() async -> [Finding] {
        guard let configuration = settings.access.oidc else { return [] }
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let problem = await OIDCProvider(configuration, http: http, clock: .system).check()
        await http.shutdown()
        guard let problem else {
            return [.well("OIDC", "\(configuration.issuer) answers; it must know the address \(configuration.redirectURL)")]
        }
        return [
            .ill(
                "OIDC", "\(configuration.issuer): \(problem)",
                mend: "OIDC_ISSUER must be the issuer exactly as its /.well-known/openid-configuration says, and this machine must reach it"
            )
        ]
    }
}
